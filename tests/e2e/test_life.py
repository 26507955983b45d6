"""A deployment's life, from the request to the namespace's end, on a real API server with real Helm."""

from typing import Any

import pytest

from slipway.client.http import Refused, SlipwayClient
from slipway.dev.stack import Stack
from tests.e2e.watching import Watcher, eventually, fresh_domain

pytestmark = pytest.mark.e2e


async def _hello(watcher: Watcher) -> dict[str, Any]:
    return (await watcher.product("Hello"))["template"]


async def test_create_change_and_delete(watcher: Watcher, client: SlipwayClient):
    asked = await watcher.deploy(await _hello(watcher), user_values={"replicas": 1, "greeting": "Hi"})
    assert asked["status"] == "provisioning"
    ready = await watcher.until(asked, {"ready", "error"})
    assert (ready["status"], ready["applied_generation"], ready["last_error"]) == ("ready", 1, None)

    name = ready["release_name"]
    [release] = await watcher.helm("list", "--namespace", name)
    assert (release["name"], release["status"], release["chart"]) == (name, "deployed", "hello-1.0.0")
    settings = await watcher.kubectl("get", "configmap", name, "--namespace", name)
    assert settings["data"] == {"greeting": "Hi", "domain": ready["domain_name"]}
    pods = await watcher.kubectl("get", "pods", "--namespace", name)
    assert len(pods["items"]) == 1

    same = await client.patch(f"/deployments/{asked['id']}", {"user_values": {"greeting": "Hi", "replicas": 1}})
    assert same["generation"] == 1
    await client.patch(f"/deployments/{asked['id']}", {"user_values": {"replicas": 2}})
    changed = await watcher.until(asked, {"ready", "error"}, generation=2)
    assert (changed["status"], changed["generation"]) == ("ready", 2)
    live = await watcher.kubectl("get", "deployment", name, "--namespace", name)
    assert live["status"]["readyReplicas"] == 2

    await client.delete(f"/deployments/{asked['id']}")
    gone = await watcher.until(asked, {"deleted"})
    assert gone["deleted_at"] is not None
    assert name not in await watcher.namespaces()
    listed = (await client.get("/deployments?limit=200"))["items"]
    assert asked["id"] not in [each["id"] for each in listed]

    kinds = [event["type"].removeprefix("dev.slipway.deployment.") for event in await watcher.events(asked)]
    assert [each for each in kinds if each != "progressed.v1"] == [  # which comes when something has to be waited for
        "created.v1", "started.v1", "ready.v1", "changed.v1", "started.v1", "ready.v1", "delete_requested.v1",
        "started.v1", "deleted.v1",
    ]  # fmt: skip


async def test_an_admin_upgrades_the_template(watcher: Watcher, client: SlipwayClient, stack: Stack):
    from slipway.dev import samples

    reference, version, digest = await samples.push_chart(stack, samples.CHART, version="2.0.0+b1")
    hello = await watcher.product("Hello")
    deployment = await watcher.until(await watcher.deploy(hello["template"]), {"ready"})
    newer = await client.post(
        f"/products/{hello['id']}/templates",
        {"chart_ref": reference, "chart_version": version, "values_schema_json": samples.HELLO_SCHEMA},
    )
    assert newer["chart_digest"] == digest, "a missing digest is looked up through an executor"
    await client.post(f"/deployments/{deployment['id']}/upgrade", {"template_id": newer["id"]})
    upgraded = await watcher.until(deployment, {"ready", "error"}, generation=2)
    assert (upgraded["status"], upgraded["applied_template_id"]) == ("ready", newer["id"])
    [release] = await watcher.helm("list", "--namespace", deployment["release_name"])
    assert (release["chart"], release["revision"]) == ("hello-2.0.0+b1", "2")
    web = await watcher.product("Web service")
    with pytest.raises(Refused, match="another product"):
        await client.post(f"/deployments/{deployment['id']}/upgrade", {"template_id": web["template"]["id"]})


async def test_an_old_template_with_only_an_image_deploys_through_the_built_in_chart(
    watcher: Watcher, client: SlipwayClient
):
    template = await watcher.new_product(
        {
            "docker_image_url": "registry.example.org:5000/team/app:1.2",
            "capabilities_json": {"port": 8080, "probe_path": "/ok"},
            "values_schema_json": {"properties": {"user": {"type": "object"}}},
        }
    )
    ready = await watcher.until(
        await watcher.deploy(template, user_values={"replicaCount": 1, "env": {"API_KEY": "k", "COLOUR": "blue"}}),
        {"ready", "error"},
    )
    name = ready["release_name"]
    live = await watcher.kubectl("get", "deployment", name, "--namespace", name)
    container = live["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "registry.example.org:5000/team/app:1.2"
    assert container["readinessProbe"]["httpGet"] == {"path": "/ok", "port": 8080, "scheme": "HTTP"}
    assert (await watcher.kubectl("get", "configmap", name, "-n", name))["data"]["COLOUR"] == "blue"
    keys = {"API_KEY", "DATABASE_URL", "JWT_SECRET_KEY", "FRONTEND_URL"}
    assert set((await watcher.kubectl("get", "secret", name, "-n", name))["data"]) == keys
    shown = await client.get(f"/deployments/{ready['id']}/resources/Secret/{name}")
    assert shown["manifest"]["data"] == dict.fromkeys(keys, "(hidden)"), "its owner sees the keys alone"


@pytest.mark.parametrize(
    ("image", "code", "words"),
    [
        ("registry.example.org/slipway-test/pull-fails:1", "image_pull_failed", "cannot pull image"),
        (
            "registry.example.org/slipway-test/crash-loops:1",
            "container_crashes",
            "exit code 1, 4 restarts: cannot open configuration",
        ),
        ("registry.example.org/slipway-test/stays-pending:1", "not_ready", "0 of 2 replicas"),
    ],
)
async def test_one_that_never_becomes_ready_tells_the_real_reason(watcher: Watcher, image: str, code: str, words: str):
    template = await watcher.new_product({"docker_image_url": image, "health_timeout_sec": 2})
    failed = await watcher.until(await watcher.deploy(template), {"ready", "error"})
    assert failed["status"] == "error"
    assert words in failed["last_error"]
    failure = next(event["data"] for event in await watcher.events(failed) if event["type"].endswith("failed.v1"))
    assert failure["code"] == code


async def test_a_first_install_that_failed_succeeds_with_corrected_values(watcher: Watcher, client: SlipwayClient):
    template = await watcher.new_product(
        {
            "docker_image_url": "registry.example.org/app:1",
            "values_schema_json": {"properties": {"user": {"type": "object"}}},
        }
    )
    failed = await watcher.until(await watcher.deploy(template, user_values={"replicaCount": "many"}), {"error"})
    assert "schema" in failed["last_error"]
    assert "many" not in failed["last_error"]
    await client.patch(f"/deployments/{failed['id']}", {"user_values": {"replicaCount": 1}})
    ready = await watcher.until(failed, {"ready"}, generation=2)
    assert ready["last_error"] is None


async def test_a_wrong_digest_is_refused_before_anything_is_touched(watcher: Watcher, stack: Stack):
    hello = await _hello(watcher)
    template = await watcher.new_product(
        {"chart_ref": hello["chart_ref"], "chart_version": hello["chart_version"], "chart_digest": f"sha256:{'0' * 64}"}
    )
    failed = await watcher.until(await watcher.deploy(template), {"error"})
    assert failed["failure_class"] == "terminal"
    assert failed["namespace_name"] not in await watcher.namespaces()


async def test_a_delete_overtakes_a_deployment_that_is_not_ready(watcher: Watcher, client: SlipwayClient):
    template = await watcher.new_product(
        {"docker_image_url": "registry.example.org/slipway-test/stays-pending:1", "health_timeout_sec": 600}
    )
    deployment = await watcher.deploy(template)

    async def watched() -> bool | None:
        return any(event["type"].endswith("progressed.v1") for event in await watcher.events(deployment)) or None

    await eventually(watched, "it is being watched")
    await client.delete(f"/deployments/{deployment['id']}")
    await watcher.until(deployment, {"deleted"})


async def test_a_namespace_that_is_not_ours_is_never_touched(watcher: Watcher, client: SlipwayClient, stack: Stack):
    template = await watcher.new_product({"docker_image_url": "registry.example.org/app:1"})
    await stack.stop_service("executor-1")
    await stack.stop_service("executor-2")
    deployment = await watcher.deploy(template)
    await watcher.run("kubectl", "create", "namespace", deployment["namespace_name"])
    await stack.start_service("executor-1")
    await stack.start_service("executor-2")
    failed = await watcher.until(deployment, {"error"})
    assert "not made for this deployment" in failed["last_error"]
    assert failed["failure_class"] == "needs_person"


async def test_a_taken_domain_is_refused_and_free_after_the_delete(watcher: Watcher, client: SlipwayClient):
    hello, domain = await _hello(watcher), fresh_domain()
    first = await watcher.deploy(hello, domain_name=domain)
    with pytest.raises(Refused, match="domain_taken"):
        await watcher.deploy(hello, domain_name=domain.upper())
    await client.delete(f"/deployments/{first['id']}")
    await watcher.until(first, {"deleted"})
    await watcher.deploy(hello, domain_name=domain)
