"""What stands between a release and the API server's yes: webhooks, quotas, other managers of a field."""

from pathlib import Path
from typing import Any

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Stack
from tests.e2e import charts, webhooks
from tests.e2e.watching import Watcher, eventually

pytestmark = pytest.mark.e2e
SCALER = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 3
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
"""


async def ready_app(watcher: Watcher, stack: Stack, **fields: Any) -> dict[str, Any]:
    template = await watcher.new_product(await charts.app(stack, health_timeout_sec=5, **fields))
    return await watcher.until(await watcher.deploy(template), {"ready"})


async def change(client: SlipwayClient, deployment: dict[str, Any], **values: Any) -> None:
    await client.patch(f"/deployments/{deployment['id']}", {"user_values": values})


async def colour(watcher: Watcher, deployment: dict[str, Any]) -> str:
    settings = await watcher.kubectl("get", "configmap", "settings", "-n", deployment["namespace_name"])
    return settings["data"]["colour"]


async def in_force(watcher: Watcher, deployment: dict[str, Any], message: str) -> None:
    """Wait until the API server asks the webhook: it learns of a configuration a moment after it was stored."""
    patch = ("patch", "configmap", "settings", "-n", deployment["namespace_name"], "--dry-run=server", "-p")

    async def asked() -> bool | None:
        shown = await watcher.run("kubectl", *patch, '{"data": {"colour": "forbidden"}}', succeeds=False)
        return message in shown or None

    await eventually(asked, "the webhook is asked")


async def test_a_webhook_that_denies_says_why(watcher: Watcher, client: SlipwayClient, stack: Stack, tmp_path: Path):
    """Row 39: no retry, its own words reach the user, and the old revision serves."""
    deployment = await ready_app(watcher, stack)
    message = "the colour council does not like it"
    async with webhooks.admission(watcher, deployment, webhooks.refusing(message), keys=tmp_path):
        await in_force(watcher, deployment, message)
        await change(client, deployment, colour="forbidden")
        failed = await watcher.until(deployment, {"error"})
        assert (failed["failure_class"], failed["applied_generation"]) == ("terminal", 1)
        assert message in failed["last_error"]
        told = await watcher.failure(deployment)
        assert (told["code"], told["will_retry"], told["rolled_back_to"]) == ("admission_denied", False, 1)
        assert await colour(watcher, deployment) == "blue"
        await change(client, deployment, colour="green")
        await watcher.until(deployment, {"ready"}, generation=3)


async def test_a_webhook_that_does_not_answer_is_waited_for(
    watcher: Watcher, client: SlipwayClient, stack: Stack, tmp_path: Path
):
    """Row 39: its fault is nobody's input: retried, and nothing goes back."""
    deployment = await ready_app(watcher, stack)
    async with webhooks.admission(watcher, deployment, webhooks.never, keys=tmp_path):
        await in_force(watcher, deployment, "failed calling webhook")
        await change(client, deployment, colour="red")
        told = await watcher.failure(deployment)
        assert (told["failure_class"], told["code"], told["will_retry"]) == ("transient", "webhook_failed", True)
        assert told.get("rolled_back_to") is None
    await watcher.until(deployment, {"ready"}, generation=2)
    assert await colour(watcher, deployment) == "red"


async def test_the_clusters_own_quota_refuses_an_object(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row 40: one that an operator laid into the namespace."""
    extra = "{{ if .Values.user.extra }}\n{apiVersion: v1, kind: ConfigMap, metadata: {name: extra}}\n{{ end }}"
    files = {"templates/app.yaml": charts.APP, "templates/extra.yaml": extra}
    template = await watcher.new_product({**await charts.push(stack, files), "health_timeout_sec": 5})
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    namespace = deployment["namespace_name"]
    there = len((await watcher.kubectl("get", "configmaps", "-n", namespace))["items"])
    await watcher.run("kubectl", "create", "quota", "few", f"--hard=count/configmaps={there}", "-n", namespace)
    await counted(watcher, namespace)
    await change(client, deployment, extra=True)
    failed = await watcher.until(deployment, {"error"})
    assert failed["failure_class"] == "terminal"
    assert f"exceeded quota: few, requested: count/configmaps=1, used: count/configmaps={there}" in failed["last_error"]
    assert (await watcher.failure(deployment))["code"] == "quota_exceeded"
    await watcher.run("kubectl", "delete", "quota", "few", "-n", namespace)
    await client.post(f"/deployments/{deployment['id']}/reconcile")
    await watcher.until(deployment, {"ready"}, generation=2)


async def test_the_clusters_own_quota_refuses_pods(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row 40: the release is stored, and its pods are never made: the ReplicaSet's event says why."""
    deployment = await ready_app(watcher, stack)
    namespace = deployment["namespace_name"]
    await watcher.run("kubectl", "create", "quota", "few", "--hard=pods=1", "-n", namespace)
    await counted(watcher, namespace)
    await change(client, deployment, replicas=2)
    failed = await watcher.until(deployment, {"error"})
    assert "exceeded quota: few, requested: pods=1" in failed["last_error"]
    assert (await watcher.failure(deployment))["code"] == "quota_exceeded"


async def counted(watcher: Watcher, namespace: str) -> None:
    async def look() -> bool | None:
        quota = await watcher.kubectl("get", "quota", "few", "-n", namespace)
        return bool(quota.get("status", {}).get("used")) or None

    await eventually(look, "the quota is counted")


async def test_a_field_of_another_manager_is_not_taken_where_drift_is_only_told(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row 41: field and manager are named, and their value stays."""
    deployment = await ready_app(watcher, stack, capabilities_json={"drift": {"mode": "warn"}})
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"colour": "pink"},
              "metadata": {"name": "settings", "namespace": deployment["namespace_name"]}}  # fmt: skip
    await watcher.store(theirs)
    await change(client, deployment, colour="red")
    failed = await watcher.until(deployment, {"error"})
    assert failed["failure_class"] in ("terminal", "needs_person")
    assert (await watcher.failure(deployment))["code"] == "apply_conflict"
    assert all(word in failed["last_error"] for word in ("kubectl", ".data.colour")), failed["last_error"]
    assert await colour(watcher, deployment) == "pink"
    await change(client, deployment, colour="pink")
    await watcher.until(deployment, {"ready"}, generation=3)


async def test_what_a_webhook_sets_is_no_drift(watcher: Watcher, stack: Stack, tmp_path: Path):
    """Row H16."""
    deployment = await ready_app(watcher, stack)
    await watcher.compared(deployment)  # its first comparison may not fall between the changes
    patches = (
        {"op": "add", "path": "/metadata/labels", "value": {"team": "blue", "app.kubernetes.io/managed-by": "Helm"}},
        {"op": "add", "path": "/spec/template/spec/priorityClassName", "value": ""},
        {"op": "add", "path": "/spec/template/spec/terminationGracePeriodSeconds", "value": 7},
    )
    hook = webhooks.patching(*patches)
    place = {"group": "apps", "resource": "deployments", "kind": "Mutating"}
    async with webhooks.admission(watcher, deployment, hook, keys=tmp_path, **place):
        namespace = deployment["namespace_name"]

        async def set_by_it() -> bool | None:
            await watcher.run("kubectl", "annotate", "deployment", "web", "x=y", "--overwrite", "-n", namespace)
            live = await watcher.kubectl("get", "deployment", "web", "-n", namespace)
            return live["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 7 or None

        await eventually(set_by_it, "the webhook has set its fields")
        await watcher.run("kubectl", "patch", "configmap", "settings", "-n", namespace, "-p", '{"data":{"colour":"x"}}')
        told = (await watcher.drift(deployment))["objects"]
        assert told == [{"kind": "ConfigMap", "name": "settings", "fields": ["/data/colour"]}]
        await watcher.until(deployment, {"ready"})


async def test_what_an_autoscaler_sets_is_no_drift(watcher: Watcher, stack: Stack):
    """Row H16: the controller itself scales the workload up to its minimum."""
    files = {"templates/app.yaml": charts.APP, "templates/scaler.yaml": SCALER}
    deployment = await watcher.until(
        await watcher.deploy(await watcher.new_product(await charts.push(stack, files))), {"ready"}
    )
    await watcher.compared(deployment)
    namespace = deployment["namespace_name"]

    async def scaled() -> bool | None:
        live = await watcher.kubectl("get", "deployment", "web", "-n", namespace)
        return live["spec"]["replicas"] == 3 or None

    await eventually(scaled, "the autoscaler has scaled it")
    await watcher.run("kubectl", "patch", "configmap", "settings", "-n", namespace, "-p", '{"data":{"colour":"x"}}')
    told = (await watcher.drift(deployment))["objects"]
    assert told == [{"kind": "ConfigMap", "name": "settings", "fields": ["/data/colour"]}]

    async def corrected() -> bool | None:
        return await colour(watcher, deployment) == "blue" or None

    await eventually(corrected, "the drift was corrected")
    live = await watcher.kubectl("get", "deployment", "web", "-n", namespace)
    assert live["spec"]["replicas"] == 3, "a correction leaves the autoscaler's number alone"
