"""A second cluster: registered, served by executors of its own, given up."""

from typing import Any

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Stack
from tests.e2e.watching import Watcher, eventually

pytestmark = pytest.mark.e2e


async def test_a_deployment_lives_in_a_second_cluster(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row H12. Both clusters are one control plane here: what parts them is the subject that their executors hear."""
    await client.post("/clusters", {"name": "north"})
    await stack.start_service("executor-north", {"SLIPWAY_CLUSTER": "north", "NATS_URL": stack.nats_url})

    async def healthy() -> dict[str, Any] | None:
        found = next(each for each in (await client.get("/clusters"))["items"] if each["name"] == "north")
        return found if found["healthy"] and found["has_key"] else None

    [executor] = (await eventually(healthy, "an executor of the new cluster is heard"))["executors"]
    hello = (await watcher.product("Hello"))["template"]
    there = await watcher.until(await watcher.deploy(hello, cluster="north"), {"ready"})
    here = await watcher.until(await watcher.deploy(hello), {"ready"})
    assert (there["cluster"], here["cluster"]) == ("north", "local")

    async def claimed_by(deployment: dict[str, Any]) -> set[str]:
        jobs = (await client.get(f"/deployments/{deployment['id']}/jobs"))["items"]
        return {each["locked_by"] for each in jobs}

    assert await claimed_by(there) == {executor["instance"]}
    assert executor["instance"] not in await claimed_by(here)
    objects = (await client.get(f"/deployments/{there['id']}/resources"))["objects"]
    assert objects, "live questions reach that cluster's executor"

    await stack.stop_service("executor-north")
    await client.post("/clusters/north/forget", {"force": True})
    assert (await client.get(f"/deployments/{there['id']}"))["status"] == "deleted"
    assert there["namespace_name"] in await watcher.namespaces(), "nothing is removed there"
    assert (await client.get(f"/deployments/{here['id']}"))["status"] == "ready"
