"""The platform's own chart as a product: Slipway's executor installs, changes, upgrades and deletes another Slipway.

It acts as the tenant's account there, which makes nothing outside of its namespace: so that product has `rbac.create`
off, and its executor would be told of another cluster. Pods are simulated: that they are ready says nothing of their
processes, which tests/deploy/test_install.py runs.
"""

from typing import Any

import pytest

from slipway.client.http import Refused, SlipwayClient
from slipway.dev import samples
from slipway.dev.stack import Stack
from tests.deploy.helming import PLATFORM
from tests.e2e.watching import Watcher

pytestmark = pytest.mark.e2e

DEFAULTS: dict[str, Any] = {
    "rbac": {"create": False},
    "nats": {"enabled": True, "persistence": {"size": "1Gi"}},
    "postgresql": {"enabled": True, "persistence": {"size": "1Gi"}},
}
CAPABILITIES: dict[str, Any] = {
    "user_values_paths": ["/replicaCount", "/env/FRONTEND_URL", "/admin"],
    "secret_fields": {"/admin/password": {"resolve": "/admin/password"}},
    "system_values_paths": {"domain": "/ingress/host"},
    "allow": {"pod_security": "restricted"},
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "replicaCount": {"type": "integer", "minimum": 1, "maximum": 5},
        "env": {"type": "object", "properties": {"FRONTEND_URL": {"type": "string"}}},
        "admin": {
            "type": "object",
            "properties": {"email": {"type": "string"}, "password": {"type": "string", "writeOnly": True}},
        },
    },
}
PASSWORD = "kept-from-everybody"


async def version(stack: Stack, number: str) -> dict[str, Any]:
    """Push the chart under a version; return the template fields that name it."""
    reference, pushed, digest = await samples.push_chart(stack, PLATFORM, version=number)
    return {
        "chart_ref": reference, "chart_version": pushed, "chart_digest": digest, "default_values_json": DEFAULTS,
        "capabilities_json": CAPABILITIES, "values_schema_json": SCHEMA,
    }  # fmt: skip


async def test_slipway_deploys_changes_upgrades_and_deletes_slipway(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    template = await watcher.new_product(await version(stack, "1.0.0"))
    wishes = {"replicaCount": 1, "admin": {"email": "root@example.org", "password": PASSWORD}}
    asked = await watcher.deploy(template, user_values=wishes)
    ready = await watcher.until(asked, {"ready", "error"})
    assert ready["status"] == "ready", ready["last_error"]
    namespace = ready["namespace_name"]
    assert PASSWORD not in str(ready)

    live = await watcher.kubectl("get", "deployments,statefulsets", "-n", namespace)
    kinds = {item["metadata"]["labels"]["app.kubernetes.io/component"]: item for item in live["items"]}
    assert set(kinds) == {"api", "scheduler", "executor", "console", "nats", "postgresql"}
    assert all(item["status"]["readyReplicas"] == 1 for item in kinds.values())
    name = kinds["api"]["metadata"]["name"]
    executor = await watcher.kubectl("get", "secret", kinds["executor"]["metadata"]["name"], "-n", namespace)
    assert set(executor["data"]) == {"NATS_URL"}
    kept = await watcher.kubectl("get", "secret", name, "-n", namespace)

    await client.patch(f"/deployments/{asked['id']}", {"user_values": {**wishes, "replicaCount": 2}})
    changed = await watcher.until(asked, {"ready", "error"}, generation=2)
    assert changed["status"] == "ready", changed["last_error"]
    assert (await watcher.kubectl("get", "deployment", name, "-n", namespace))["status"]["readyReplicas"] == 2

    newer = await client.post(f"/products/{template['product_id']}/templates", await version(stack, "1.1.0"))
    await client.post(f"/deployments/{asked['id']}/upgrade", {"template_id": newer["id"]})
    upgraded = await watcher.until(asked, {"ready", "error"}, generation=3)
    assert upgraded["status"] == "ready", upgraded["last_error"]
    [release] = await watcher.helm("list", "--namespace", namespace)
    assert (release["chart"], release["status"], release["revision"]) == ("slipway-1.1.0", "deployed", "3")
    after = await watcher.kubectl("get", "secret", name, "-n", namespace)
    assert after["data"] == kept["data"], "what was made once is kept through upgrades"

    await client.delete(f"/deployments/{asked['id']}")
    await watcher.until(asked, {"deleted"})
    assert namespace not in await watcher.namespaces()


async def test_a_tenant_s_slipway_cannot_have_rights_of_its_own_in_the_cluster(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    fields = await version(stack, "1.2.0")
    with_rights = {**fields, "default_values_json": {**DEFAULTS, "rbac": {"create": True}}}
    asked = await watcher.deploy(await watcher.new_product(with_rights))
    failed = await watcher.until(asked, {"ready", "error"})
    assert failed["status"] == "error"
    assert "forbid" in failed["last_error"]
    with pytest.raises(Refused, match="replicaCount"):
        await watcher.deploy(await watcher.new_product(fields), user_values={"replicaCount": 9})
