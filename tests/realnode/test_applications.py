"""Applications whose containers really run: asked for through Slipway, reached by their Services, read by their logs."""

from typing import Any
from uuid import UUID

import pytest

from slipway.client.http import SlipwayClient
from slipway.client.insight import Insight
from tests.e2e.watching import Watcher

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SCHEMA = {
    "type": "object",
    "properties": {
        "user": {"type": "object", "properties": {"replicaCount": {"type": "integer"}, "env": {"type": "object"}}}
    },
}


def template(image: str, *, probe_path: str = "/health", **more: Any) -> dict[str, Any]:
    capabilities = {"port": 8080, "probe_path": probe_path}
    return {"docker_image_url": image, "values_schema_json": SCHEMA, "capabilities_json": capabilities, **more}


async def running(watcher: Watcher, image: str, greeting: str) -> dict[str, Any]:
    wish = {"replicaCount": 1, "env": {"GREETING": greeting}}
    asked = await watcher.deploy(await watcher.new_product(template(image)), user_values=wish)
    ready = await watcher.until(asked, {"ready", "error"})
    assert ready["status"] == "ready", ready["last_error"]
    return ready


async def answer_of(watcher: Watcher, deployment: dict[str, Any], path: str) -> str:
    """Return what the deployment's Service answers, asked through the API server."""
    place = f"/api/v1/namespaces/{deployment['namespace_name']}/services/{deployment['release_name']}:80/proxy{path}"
    return await watcher.run("kubectl", "get", "--raw", place)


async def test_a_service_answers_by_its_name_and_the_pods_logs_stream(
    watcher: Watcher, client: SlipwayClient, image: str
):
    one, other = await running(watcher, image, "from the one"), await running(watcher, image, "from the other")
    assert await answer_of(watcher, one, "/") == "from the one"

    name = f"{other['release_name']}.{other['namespace_name']}.svc.cluster.local"
    assert await answer_of(watcher, one, f"/fetch?url=http://{name}/by-its-name") == "from the other"
    assert "no such host" in await watcher.run(
        "kubectl", "get", "--raw",
        f"/api/v1/namespaces/{one['namespace_name']}/services/{one['release_name']}:80/proxy/fetch?url=http://nowhere.example.org/",
        succeeds=False,
    )  # fmt: skip

    insight, uid = Insight(client), UUID(other["id"])
    [pod] = (await insight.resources(uid)).pods
    assert (pod.node, pod.phase, pod.ready) == ("real", "Running", True)
    assert "asked for /by-its-name" in await insight.logs(uid, pod.name)
    lines = insight.follow_logs(uid, pod.name, tail=1)
    assert await anext(lines) == "asked for /by-its-name"
    await answer_of(watcher, other, "/while-somebody-reads")
    assert await anext(lines) == "asked for /while-somebody-reads"
    await lines.aclose()

    await client.delete(f"/deployments/{other['id']}")
    await watcher.until(other, {"deleted"})
    assert other["namespace_name"] not in await watcher.namespaces()


async def test_a_probe_that_fails_is_told_as_the_kubelet_saw_it(watcher: Watcher, image: str):
    broken = template(image, probe_path="/broken", health_timeout_sec=20)
    told = await watcher.failure(await watcher.deploy(await watcher.new_product(broken)))
    assert "probe failed: HTTP probe failed with statuscode: 500" in str(told)


async def test_an_image_that_is_not_there_is_told_as_the_registry_said_it(watcher: Watcher, image: str):
    missing = template(image.replace(":1.0", ":2.0"), health_timeout_sec=60)
    told = await watcher.failure(await watcher.deploy(await watcher.new_product(missing)))
    assert "cannot pull image" in told["reason"]
    assert told["reason"].endswith("not found")


async def test_a_program_that_ends_is_told_with_its_exit_code(watcher: Watcher, image: str):
    ends = template(image, default_values_json={"env": {"PORT": "none"}}, health_timeout_sec=120)
    told = await watcher.failure(await watcher.deploy(await watcher.new_product(ends)))
    assert "keeps crashing (exit code 1" in str(told)


async def test_the_simulated_node_keeps_its_own_and_gets_no_pod(watcher: Watcher):
    nodes = {item["metadata"]["name"]: item for item in (await watcher.kubectl("get", "nodes"))["items"]}
    assert set(nodes) == {"real", "simulated"}
    assert nodes["real"]["status"]["nodeInfo"]["containerRuntimeVersion"].startswith("containerd://")
    pods = (await watcher.kubectl("get", "pods", "--all-namespaces"))["items"]
    assert {pod["spec"].get("nodeName") for pod in pods} <= {"real"}
