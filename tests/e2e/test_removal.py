"""Deletes that something stands in the way of, and deletes that overtake."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Stack
from tests.e2e import charts
from tests.e2e.watching import Watcher, eventually
from tests.faults import gates

pytestmark = pytest.mark.e2e
FINALIZER = "slipway-test.dev/hold"
HELD = f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: held, finalizers: [{FINALIZER}]}}}}"
KEPT = "{apiVersion: v1, kind: ConfigMap, metadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}}"


async def let_go(watcher: Watcher, namespace: str, name: str = "held") -> None:
    patch = json.dumps({"metadata": {"finalizers": None}})
    await watcher.run("kubectl", "patch", "configmap", name, "-n", namespace, "--type=merge", "-p", patch)


@pytest.fixture(scope="module")
async def stuck(stack: Stack, token: str) -> dict[str, dict[str, Any]]:
    """Deployments whose deletes cannot end, asked for together: the wait for a namespace is long.

    `chart`: an object of the release has a finalizer; `foreign`: somebody else's object in the namespace has one.
    """
    async with SlipwayClient(stack.api_url, token=token) as client:
        watcher = Watcher(stack, client)
        template = await watcher.new_product(await charts.app(stack))
        held = await watcher.new_product(await charts.push(stack, {"templates/held.yaml": HELD}))
        found = {"chart": await watcher.deploy(held), "foreign": await watcher.deploy(template)}
        for each in found.values():
            await watcher.until(each, {"ready"})
        meta = {"name": "held", "namespace": found["foreign"]["namespace_name"], "finalizers": [FINALIZER]}
        await watcher.store({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        for each in found.values():
            await client.delete(f"/deployments/{each['id']}")
        return found


@pytest.mark.parametrize("whose", ["chart", "foreign"])
async def test_a_finalizer_holds_a_delete_up_and_is_named(
    watcher: Watcher, client: SlipwayClient, stuck: dict[str, dict[str, Any]], whose: str
):
    """Rows 38, 45 and H10: the wait is bounded, the object is named, and it stays `deleting` while anything is left."""
    deployment = stuck[whose]
    told = await watcher.failure(deployment)
    assert (told["code"], told["will_retry"]) == ("namespace_stuck", True)
    assert f"ConfigMap held (finalizer {FINALIZER})" in told["reason"]
    found = await client.get(f"/deployments/{deployment['id']}")
    assert (found["status"], "ConfigMap held" in found["last_error"]) == ("deleting", True)
    assert await watcher.helm("list", "-n", deployment["namespace_name"]) == []
    await let_go(watcher, deployment["namespace_name"])

    async def gone() -> bool | None:
        return deployment["namespace_name"] not in await watcher.namespaces() or None

    await eventually(gone, "nothing holds the namespace up any more")
    [job, *_] = (await client.get(f"/deployments/{deployment['id']}/jobs"))["items"]
    if job["status"] == "delayed":
        await client.post(
            f"/jobs/{job['id']}/requeue"
        )  # the next try would come by itself, as late as the first was long
    await watcher.until(deployment, {"deleted"})


async def test_what_a_chart_keeps_goes_with_the_namespace(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row H10: Helm leaves such an object; the namespace is the deployment's own, and is gone at the end."""
    template = await watcher.new_product(await charts.push(stack, {"templates/kept.yaml": KEPT}))
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    await client.delete(f"/deployments/{deployment['id']}")
    await watcher.until(deployment, {"deleted"})
    assert deployment["namespace_name"] not in await watcher.namespaces()


async def test_a_namespace_that_somebody_removes_comes_back_once_it_can(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row 38: a change waits for the old one to go, says what holds it up, and is carried out then."""
    template = await watcher.new_product(await charts.app(stack))
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    namespace = deployment["namespace_name"]
    meta = {"name": "held", "namespace": namespace, "finalizers": [FINALIZER]}
    await watcher.store({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    await watcher.run("kubectl", "delete", "namespace", namespace, "--wait=false")
    await client.patch(f"/deployments/{deployment['id']}", {"user_values": {"colour": "red"}})
    told = await watcher.failure(deployment)
    assert (told["failure_class"], told["code"], told["will_retry"]) == ("transient", "namespace_terminating", True)
    assert f"ConfigMap held (finalizer {FINALIZER})" in told["reason"]
    await let_go(watcher, namespace)
    await watcher.until(deployment, {"ready"}, generation=2)
    settings = await watcher.kubectl("get", "configmap", "settings", "-n", namespace)
    assert settings["data"]["colour"] == "red"


async def test_a_delete_overtakes_an_upgrade_in_its_hook(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row 56: Helm is in mid-upgrade at that moment."""
    template = await watcher.new_product(await gates.gated(stack, "pre-upgrade"))
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    namespace = deployment["namespace_name"]
    await client.patch(f"/deployments/{deployment['id']}", {"user_values": {"colour": "red"}})

    async def waiting() -> bool | None:
        return bool(await watcher.helm("list", "--namespace", namespace, "--pending")) or None

    await eventually(waiting, "Helm waits in its hook")
    await client.delete(f"/deployments/{deployment['id']}")
    await watcher.until(deployment, {"deleted"})
    assert namespace not in await watcher.namespaces()
    jobs = (await client.get(f"/deployments/{deployment['id']}/jobs"))["items"]
    assert {(job["reason"], job["status"]) for job in jobs} == {
        ("create", "succeeded"), ("update", "superseded"), ("delete", "succeeded"),
    }  # fmt: skip


async def test_the_lease_of_a_deleted_deployment_goes_after_a_week(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    deployment = await watcher.until(await watcher.deploy((await watcher.product("Hello"))["template"]), {"ready"})
    await client.delete(f"/deployments/{deployment['id']}")
    await watcher.until(deployment, {"deleted"})
    lease = f"dep-{deployment['id']}"
    assert lease in await leases(watcher), "an old command must find it"
    database = await asyncpg.connect(stack.database_url)
    await database.execute(
        "UPDATE deployment SET deleted_at = now() - interval '8 days' WHERE id = $1::uuid", deployment["id"]
    )
    await database.close()

    async def gone() -> bool | None:
        return lease not in await leases(watcher) or None

    await eventually(gone, "the Lease is removed")


async def leases(watcher: Watcher) -> set[str]:
    return {
        item["metadata"]["name"] for item in (await watcher.kubectl("get", "leases", "-n", "slipway-system"))["items"]
    }


async def test_creates_and_deletes_race(watcher: Watcher, client: SlipwayClient):
    """Row 56: each delete comes right after its create, whatever the executors do with that by then."""
    hello = (await watcher.product("Hello"))["template"]

    async def race() -> dict[str, Any]:
        deployment = await watcher.deploy(hello)
        await client.delete(f"/deployments/{deployment['id']}")
        return await watcher.until(deployment, {"deleted"})

    gone = await asyncio.gather(*(race() for _ in range(8)))
    assert not {each["namespace_name"] for each in gone} & await watcher.namespaces()
