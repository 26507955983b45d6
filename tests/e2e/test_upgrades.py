"""Preview, upgrade, going back, rollback, and what may be asked in between; on a real API server with real Helm."""

import asyncio
from typing import Any

import pytest

from slipway.client.http import Refused, SlipwayClient
from slipway.dev.stack import Stack
from tests.e2e import charts
from tests.e2e.watching import Watcher, eventually

pytestmark = pytest.mark.e2e
BROKEN = "registry.example.org/slipway-test/pull-fails:1"
SLOW = "registry.example.org/slipway-test/stays-pending:1"


async def ready_app(watcher: Watcher, stack: Stack, **fields: Any) -> dict[str, Any]:
    template = await watcher.new_product(await charts.app(stack, health_timeout_sec=2, **fields))
    return await watcher.until(await watcher.deploy(template), {"ready"})


async def change(client: SlipwayClient, deployment: dict[str, Any], **body: Any) -> dict[str, Any]:
    return await client.patch(f"/deployments/{deployment['id']}", body)


async def image_of(watcher: Watcher, deployment: dict[str, Any]) -> str:
    live = await watcher.kubectl("get", "deployment", "web", "--namespace", deployment["namespace_name"])
    return live["spec"]["template"]["spec"]["containers"][0]["image"]


async def test_a_preview_shows_values_and_objects_and_is_what_runs(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    deployment = await ready_app(watcher, stack)
    values = {"replicas": 2, "colour": "red"}
    shown = await client.post(f"/deployments/{deployment['id']}/preview", {"user_values": values})
    assert (shown["promises"], shown["dry_run"], shown["added"], shown["removed"]) == ("objects", True, [], [])
    assert {each["field"]: each["after"] for each in shown["values"]} == {
        "/user_values/replicas": 2, "/user_values/colour": "red",
    }  # fmt: skip
    changed = {
        each["kind"]: {field["pointer"]: field["after"] for field in each["fields"]} for each in shown["changed"]
    }
    assert changed == {"ConfigMap": {"/data/colour": "red"}, "Deployment": {"/spec/replicas": 2}}
    assert shown["usage"] == {"cpu_milli": 100, "memory_mib": 128, "storage_gib": 0}
    with pytest.raises(Refused, match="conflict"):
        await change(client, deployment, user_values={"replicas": 3}, preview_id=shown["id"])
    await change(client, deployment, user_values=values, preview_id=shown["id"])
    await watcher.until(deployment, {"ready"}, generation=2)
    with pytest.raises(Refused, match="stale"):
        await change(client, deployment, user_values={}, preview_id=shown["id"])


async def test_a_preview_of_something_new_says_what_it_would_be_made_of(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    template = await watcher.new_product(await charts.app(stack))
    body = {"template_id": template["id"], "domain_name": "preview.example.org"}
    shown = await client.post("/deployments/preview", body)
    assert {each["kind"] for each in shown["added"]} == {"Deployment", "ConfigMap"}
    assert shown["promises"] == "inputs"
    ready = await watcher.until(await client.post("/deployments", {**body, "preview_id": shown["id"]}), {"ready"})
    assert ready["usage_json"] == shown["usage"]
    with pytest.raises(Refused, match="replicas"):
        await client.post(f"/deployments/{ready['id']}/preview", {"user_values": {"replicas": "many"}})


RIGHTS = """
{{- if .Values.user.rights }}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: v1
kind: Pod
metadata: {name: reader}
spec:
  serviceAccountName: reader
  containers: [{name: main, image: "registry.example.org/app:1"}]
{{- end }}
{{- if .Values.user.port }}
---
apiVersion: v1
kind: Service
metadata: {name: extra}
spec: {ports: [{port: {{ .Values.user.port }}}]}
{{- end }}
"""


async def test_what_a_change_adds_is_judged_by_the_server_before_it(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """What needs something else that the same change adds is not refused for that."""
    files = {"templates/app.yaml": charts.APP, "templates/rights.yaml": RIGHTS}
    template = await watcher.new_product(await charts.push(stack, files))
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    place = f"/deployments/{deployment['id']}/preview"
    shown = await client.post(place, {"user_values": {"rights": True, "port": 80}})
    assert [each["kind"] for each in shown["added"]].count("RoleBinding") == 1
    assert {each["kind"] for each in shown["added"]} == {"Role", "RoleBinding", "ServiceAccount", "Pod", "Service"}
    with pytest.raises(Refused, match=r"spec\.ports"):
        await client.post(place, {"user_values": {"port": 99999}})


BOAT = "{{ if .Values.user.boat }}{apiVersion: slipway-test.dev/v1, kind: Kayak, metadata: {name: one}}{{ end }}"
KAYAK = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: kayaks.slipway-test.dev}
spec:
  group: slipway-test.dev
  names: {kind: Kayak, plural: kayaks}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""


async def test_an_object_of_a_kind_that_an_upgrade_brings_is_previewed(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    trusted = {"capabilities_json": {"allow": {"crds": True}}}
    template = await watcher.new_product({**await charts.app(stack), **trusted})
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    files = {"templates/app.yaml": charts.APP, "templates/boat.yaml": BOAT, "crds/kayak.yaml": KAYAK}
    newer = await client.post(
        f"/products/{template['product_id']}/templates", {**await charts.push(stack, files), **trusted}
    )
    shown = await client.post(
        f"/deployments/{deployment['id']}/preview", {"template_id": newer["id"], "user_values": {"boat": True}}
    )
    assert [each["kind"] for each in shown["added"]] == ["Kayak"]


async def test_values_that_remove_every_object_need_a_confirmation(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row H15."""
    deployment = await ready_app(watcher, stack)
    shown = await client.post(f"/deployments/{deployment['id']}/preview", {"user_values": {"enabled": False}})
    assert shown["removes_everything"]
    await change(client, deployment, user_values={"enabled": False})
    failed = await watcher.until(deployment, {"error"})
    assert "confirm_empty" in failed["last_error"]
    assert await image_of(watcher, deployment), "nothing was removed"
    await change(client, deployment, user_values={"enabled": False, "colour": "x"}, confirm_empty=True)
    await watcher.until(deployment, {"ready"}, generation=3)
    left = await watcher.kubectl("get", "deployments", "--namespace", deployment["namespace_name"])
    assert left["items"] == []


async def test_a_failed_upgrade_goes_back_and_the_old_revision_serves(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Rows H2 and H7: the reason is that of the new pods, and nothing is uninstalled."""
    deployment = await ready_app(watcher, stack)
    await change(client, deployment, user_values={"image": BROKEN})
    failed = await watcher.until(deployment, {"error"})
    assert "cannot pull image" in failed["last_error"]
    assert (failed["failure_class"], failed["generation"], failed["applied_generation"]) == ("terminal", 2, 1)
    assert await image_of(watcher, deployment) == "registry.example.org/app:1"
    told = next(event["data"] for event in await watcher.events(failed) if event["type"].endswith("failed.v1"))
    assert (told["code"], told["rolled_back_to"], told["will_retry"]) == ("image_pull_failed", 1, False)
    [release] = await watcher.helm("list", "--namespace", deployment["namespace_name"])
    assert (release["status"], release["revision"]) == ("deployed", "3")
    await watcher.compared(await ready_app(watcher, stack))
    assert await image_of(watcher, deployment) == "registry.example.org/app:1", "nobody tries the failed one again"
    [release] = await watcher.helm("list", "--namespace", deployment["namespace_name"])
    assert release["revision"] == "3"
    await change(client, deployment, user_values={"colour": "green"})
    assert (await watcher.until(deployment, {"ready", "error"}, generation=3))["status"] == "ready"


async def test_a_template_may_keep_what_failed(watcher: Watcher, client: SlipwayClient, stack: Stack):
    deployment = await ready_app(watcher, stack, capabilities_json={"on_failed_upgrade": "keep"})
    await change(client, deployment, user_values={"image": BROKEN})
    failed = await watcher.until(deployment, {"error"})
    assert failed["applied_generation"] == 2
    assert await image_of(watcher, deployment) == BROKEN


async def test_a_rollback_returns_to_a_revision_and_stays(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row H8: a revision that is none is refused."""
    deployment = await ready_app(watcher, stack)
    await change(client, deployment, user_values={"colour": "red"})
    await watcher.until(deployment, {"ready"}, generation=2)
    revisions = (await client.get(f"/deployments/{deployment['id']}/revisions"))["items"]
    assert [each["revision"] for each in revisions] == [2, 1]
    assert revisions[0]["asked_json"]["changes"] == [{"field": "/user_values/colour", "before": None, "after": "red"}]
    with pytest.raises(Refused, match="/revision"):
        await client.post(f"/deployments/{deployment['id']}/rollback", {"revision": 9})
    await client.post(f"/deployments/{deployment['id']}/rollback", {"revision": 1})
    back = await watcher.until(deployment, {"ready"}, generation=3)
    assert back["user_values"] is None

    async def colour() -> str:
        settings = await watcher.kubectl("get", "configmap", "settings", "--namespace", deployment["namespace_name"])
        return settings["data"]["colour"]

    assert await colour() == "blue"
    await watcher.compared(back)
    assert await colour() == "blue"
    await client.post(f"/deployments/{deployment['id']}/reconcile")
    again = await watcher.until(deployment, {"ready"}, generation=3)
    assert (again["user_values"], again["generation"], again["drifted"]) == (None, 3, False)
    assert await colour() == "blue"


async def test_a_change_stops_the_wait_and_the_newest_wins(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row 56: changes coalesce, and none is refused."""
    template = await watcher.new_product(await charts.app(stack, health_timeout_sec=600))
    deployment = await watcher.deploy(template, user_values={"image": SLOW})
    await watched(watcher, deployment)
    for number in range(20):
        await change(client, deployment, user_values={"image": f"registry.example.org/app:{number}"})
    await watcher.until(deployment, {"ready"}, generation=21)
    assert await image_of(watcher, deployment) == "registry.example.org/app:19"
    jobs = (await client.get(f"/deployments/{deployment['id']}/jobs?limit=200"))["items"]
    assert {job["status"] for job in jobs} <= {"succeeded", "superseded"}
    assert len(jobs) < 20


async def watched(watcher: Watcher, deployment: dict[str, Any]) -> None:
    async def look() -> bool | None:
        return any(event["type"].endswith("progressed.v1") for event in await watcher.events(deployment)) or None

    await eventually(look, "its objects are being watched")


async def test_cancel_stops_the_wait_and_keeps_what_is_there(watcher: Watcher, client: SlipwayClient, stack: Stack):
    template = await watcher.new_product(await charts.app(stack, health_timeout_sec=600))
    deployment = await watcher.deploy(template, user_values={"image": SLOW})
    await watched(watcher, deployment)
    await client.post(f"/deployments/{deployment['id']}/cancel")
    cancelled = await watcher.until(deployment, {"error"})
    assert (cancelled["failure_class"], cancelled["applied_generation"]) == ("cancelled", 1)
    assert await image_of(watcher, deployment) == SLOW
    await change(client, deployment, user_values={})
    await watcher.until(deployment, {"ready"}, generation=2)


async def test_a_suspended_deployment_takes_changes_that_wait(watcher: Watcher, client: SlipwayClient, stack: Stack):
    deployment = await ready_app(watcher, stack)
    await client.post(f"/deployments/{deployment['id']}/suspend")
    held = await change(client, deployment, user_values={"colour": "red"})
    assert (held["suspended"], held["status"]) == (True, "upgrading")
    other = await ready_app(watcher, stack)  # all the time that another one's whole life takes
    assert other["status"] == "ready"
    [job, *_] = (await client.get(f"/deployments/{deployment['id']}/jobs"))["items"]
    assert job["status"] == "queued"
    await client.post(f"/deployments/{deployment['id']}/resume")
    await watcher.until(deployment, {"ready"}, generation=2)
    await client.post(f"/deployments/{deployment['id']}/suspend")
    await client.delete(f"/deployments/{deployment['id']}")
    await watcher.until(deployment, {"deleted"})


async def test_pods_are_restarted_and_charts_tested(watcher: Watcher, client: SlipwayClient, stack: Stack):
    test = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: check
  annotations: {helm.sh/hook: test, helm.sh/hook-delete-policy: before-hook-creation}
spec:
  {{- if eq .Values.user.colour "red" }}
  activeDeadlineSeconds: 1
  {{- end }}
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: check
        image: registry.example.org/{{ if eq .Values.user.colour "red" }}slipway-test/stays-pending{{ else }}check{{ end }}:1
"""
    fields = await charts.push(stack, {"templates/app.yaml": charts.APP, "templates/tests/check.yaml": test})
    template = await watcher.new_product({**fields, "health_timeout_sec": 60})
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    await client.post(f"/deployments/{deployment['id']}/restart")

    async def restarted() -> bool | None:
        live = await watcher.kubectl("get", "deployment", "web", "--namespace", deployment["namespace_name"])
        noted = live["spec"]["template"]["metadata"].get("annotations", {})
        return "kubectl.kubernetes.io/restartedAt" in noted or None

    await eventually(restarted, "the pods are made anew")
    await watcher.until(deployment, {"ready"})

    async def tested(times: int) -> dict[str, Any]:
        """Run the chart's tests; return what is told when they have ended for that many times."""
        await client.post(f"/deployments/{deployment['id']}/test")

        async def look() -> dict[str, Any] | None:
            events = [each["data"] for each in await watcher.events(deployment) if each["type"].endswith(".tested.v1")]
            return events[-1] if len(events) == times else None

        return await eventually(look, "the chart's tests ended")

    passed = await tested(1)
    assert (passed["succeeded"], passed.get("reason")) == (True, None)
    await change(client, deployment, user_values={"colour": "red"})
    await watcher.until(deployment, {"ready"}, generation=2)
    failed = await tested(2)
    assert failed["succeeded"] is False
    assert "hook failed" in failed["reason"]
    assert (await watcher.until(deployment, {"ready", "error"}))["status"] == "ready", "the application is as it was"


async def test_a_product_is_rolled_out_in_waves_that_stop_at_a_failure(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    first = await watcher.new_product(await charts.app(stack, health_timeout_sec=2))
    asked = await asyncio.gather(*(watcher.deploy(first) for _ in range(3)))
    await asyncio.gather(*(watcher.until(each, {"ready"}) for each in asked))
    broken = await charts.app(stack, health_timeout_sec=2, default_values_json={"user": {"image": BROKEN}})
    second = await client.post(f"/products/{first['product_id']}/templates", broken)
    body = {"template_id": second["id"], "batch_size": 1}
    rollout = await client.post(f"/products/{first['product_id']}/rollouts", body)

    async def ended() -> dict[str, Any] | None:
        found = await client.get(f"/rollouts/{rollout['id']}")
        return found if found["status"] != "running" else None

    stopped = await eventually(ended, "the rollout ended")
    assert stopped["status"] == "stopped"
    assert (stopped["progress"]["failed"], stopped["progress"]["waiting"]) == (1, 2)
    third = await client.post(f"/products/{first['product_id']}/templates", await charts.app(stack))
    body = {"template_id": third["id"], "batch_size": 2}
    rollout = await client.post(f"/products/{first['product_id']}/rollouts", body)
    assert (await eventually(ended, "the rollout ended"))["progress"]["succeeded"] == 3
