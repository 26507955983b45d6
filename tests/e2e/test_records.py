"""Helm's own records: left behind half-way, removed by hand, of kinds that vanished, too many of them."""

import base64
import gzip
import json
from typing import Any

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Stack
from slipway_executor.cluster.releases import decode
from tests.e2e import charts
from tests.e2e.watching import Watcher, eventually

pytestmark = pytest.mark.e2e
LEFT = ("pending-upgrade", "pending-rollback", "uninstalling")
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
KEPT_REVISIONS = 10
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %(plural)s.slipway-test.dev}
spec:
  group: slipway-test.dev
  names: {kind: %(kind)s, plural: %(plural)s}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


async def ready_app(watcher: Watcher, stack: Stack) -> dict[str, Any]:
    template = await watcher.new_product(await charts.app(stack, health_timeout_sec=2))
    return await watcher.until(await watcher.deploy(template), {"ready"})


async def change(client: SlipwayClient, deployment: dict[str, Any], **values: Any) -> None:
    await client.patch(f"/deployments/{deployment['id']}", {"user_values": values})


async def revisions(watcher: Watcher, namespace: str) -> list[dict[str, Any]]:
    """Return the Secrets of a release, oldest first."""
    found = (await watcher.kubectl("get", "secrets", "-n", namespace, "-l", "owner=helm"))["items"]
    return sorted(found, key=lambda each: int(each["metadata"]["labels"]["version"]))


async def leave(watcher: Watcher, namespace: str, status: str) -> None:
    """Write the newest record as an operation leaves it that was ended half-way."""
    secret = (await revisions(watcher, namespace))[-1]
    stored = decode(secret)
    stored["info"]["status"] = status
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(stored).encode()))).decode()
    patch = json.dumps({"metadata": {"labels": {"status": status}}, "data": {"release": packed}})
    name = secret["metadata"]["name"]
    await watcher.run("kubectl", "patch", "secret", name, "-n", namespace, "--type=merge", "-p", patch)


@pytest.mark.parametrize("status", LEFT)
async def test_a_record_that_was_left_half_way_is_repaired(
    watcher: Watcher, client: SlipwayClient, stack: Stack, status: str
):
    """Row 42: by the next change."""
    files = {"templates/app.yaml": charts.APP, "templates/claim.yaml": CLAIM}
    template = await watcher.new_product({**await charts.push(stack, files), "health_timeout_sec": 5})
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    claim = await watcher.kubectl("get", "persistentvolumeclaim", "data", "-n", deployment["namespace_name"])
    await leave(watcher, deployment["namespace_name"], status)
    await change(client, deployment, colour="red")
    await watcher.until(deployment, {"ready"}, generation=2)
    kept = await watcher.kubectl("get", "persistentvolumeclaim", "data", "-n", deployment["namespace_name"])
    assert kept["metadata"]["uid"] == claim["metadata"]["uid"], "what has data is not taken away to repair a record"
    [release] = await watcher.helm("list", "--namespace", deployment["namespace_name"])
    assert release["status"] == "deployed"
    settings = await watcher.kubectl("get", "configmap", "settings", "-n", deployment["namespace_name"])
    assert settings["data"]["colour"] == "red"


@pytest.mark.parametrize("status", LEFT)
async def test_a_record_that_was_left_half_way_can_be_deleted(
    watcher: Watcher, client: SlipwayClient, stack: Stack, status: str
):
    """Row 42."""
    deployment = await ready_app(watcher, stack)
    await leave(watcher, deployment["namespace_name"], status)
    await client.delete(f"/deployments/{deployment['id']}")
    await watcher.until(deployment, {"deleted"})
    assert deployment["namespace_name"] not in await watcher.namespaces()


async def test_a_record_that_was_left_half_way_is_repaired_without_a_change(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row 42: a person asks for a comparison."""
    deployment = await ready_app(watcher, stack)
    await leave(watcher, deployment["namespace_name"], "pending-upgrade")
    await client.post(f"/deployments/{deployment['id']}/reconcile")

    async def repaired() -> bool | None:
        listed = await watcher.helm("list", "--namespace", deployment["namespace_name"])
        return [each["status"] for each in listed] == ["deployed"] or None

    await eventually(repaired, "the record says deployed")
    await watcher.until(deployment, {"ready"})


async def test_a_release_removed_by_hand_after_changes_comes_back_as_it_was(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row 43 after generation 2: Helm counts from 1 again, and everything goes on from there."""
    deployment = await ready_app(watcher, stack)
    namespace = deployment["namespace_name"]
    await change(client, deployment, colour="red")
    await watcher.until(deployment, {"ready"}, generation=2)
    await watcher.run("helm", "uninstall", deployment["release_name"], "-n", namespace)
    await client.post(f"/deployments/{deployment['id']}/reconcile")

    async def back() -> dict[str, Any] | None:
        found = await client.get(f"/deployments/{deployment['id']}")
        listed = await watcher.helm("list", "-n", namespace)
        return found if listed and found["status"] == "ready" else None

    again = await eventually(back, "the release is there again")
    assert (again["generation"], again["applied_generation"]) == (2, 2)
    settings = await watcher.kubectl("get", "configmap", "settings", "-n", namespace)
    assert settings["data"]["colour"] == "red"
    await change(client, deployment, colour="green")
    await watcher.until(deployment, {"ready"}, generation=3)
    listed = (await client.get(f"/deployments/{deployment['id']}/revisions"))["items"]
    assert listed[0]["generation"] == 3
    await change(client, deployment, image="registry.example.org/slipway-test/pull-fails:1")
    failed = await watcher.until(deployment, {"error"})
    assert failed["applied_generation"] == 3
    settings = await watcher.kubectl("get", "configmap", "settings", "-n", namespace)
    assert settings["data"]["colour"] == "green", "it went back to the revision that was good last"


def of_kind(kind: str) -> dict[str, str]:
    names = {"kind": kind, "plural": f"{kind.lower()}s"}
    item = f"{{apiVersion: slipway-test.dev/v1, kind: {kind}, metadata: {{name: one}}, spec: {{n: 7}}}}"
    return {"crds/kind.yaml": CRD % names, "templates/item.yaml": item, "templates/app.yaml": charts.APP}


async def without_its_kind(watcher: Watcher, stack: Stack, kind: str) -> dict[str, Any]:
    """Return a deployment whose definition of a kind was removed, and its object with it."""
    fields = await charts.push(stack, of_kind(kind))
    template = await watcher.new_product({**fields, "capabilities_json": {"allow": {"crds": True}}})
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    await watcher.run("kubectl", "delete", "crd", f"{kind.lower()}s.slipway-test.dev")
    return deployment


async def test_a_definition_that_vanished_is_installed_again(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row 44: definition and object come back."""
    deployment = await without_its_kind(watcher, stack, "Ferry")
    await client.post(f"/deployments/{deployment['id']}/reconcile")

    async def back() -> bool | None:
        get = ("get", "ferrys.slipway-test.dev", "-n", deployment["namespace_name"], "-o", "name")
        return "/one" in await watcher.run("kubectl", *get, succeeds=False) or None

    await eventually(back, "the object is there again")
    await watcher.until(deployment, {"ready"})


async def test_a_change_after_a_definition_vanished_is_carried_out(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row 44."""
    deployment = await without_its_kind(watcher, stack, "Barge")
    await change(client, deployment, colour="red")
    await watcher.until(deployment, {"ready"}, generation=2)
    assert await watcher.kubectl("get", "barges.slipway-test.dev", "one", "-n", deployment["namespace_name"])


async def test_a_delete_after_a_definition_vanished_ends(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row 44: Helm refuses to uninstall what it cannot name; its objects went with their kind."""
    deployment = await without_its_kind(watcher, stack, "Canoe")
    await client.delete(f"/deployments/{deployment['id']}")
    await watcher.until(deployment, {"deleted"})
    assert deployment["namespace_name"] not in await watcher.namespaces()


async def test_history_stays_bounded(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row H17: over upgrades, rollbacks that a person asks for, and steps back after a failure."""
    deployment = await ready_app(watcher, stack)
    namespace, generation = deployment["namespace_name"], 1
    for number in range(KEPT_REVISIONS):
        generation += 1
        await change(client, deployment, colour=f"c{number}")
        await watcher.until(deployment, {"ready"}, generation=generation)
    for _ in range(2):
        generation += 1
        await client.post(f"/deployments/{deployment['id']}/rollback", {"revision": generation - 2})
        await watcher.until(deployment, {"ready"}, generation=generation)
    await change(client, deployment, image="registry.example.org/slipway-test/pull-fails:1")
    await watcher.until(deployment, {"error"})
    kept = await revisions(watcher, namespace)
    assert len(kept) <= KEPT_REVISIONS
    assert int(kept[-1]["metadata"]["labels"]["version"]) == generation + 2
    listed = (await client.get(f"/deployments/{deployment['id']}/revisions?limit=200"))["items"]
    assert len(listed) == generation + 2, "what was asked is kept by Slipway, beyond Helm's records"
