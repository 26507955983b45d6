"""Releases that fail in the cluster: what is told, what keeps running, and what helps."""

import secrets
from typing import Any

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Stack
from tests.e2e import charts
from tests.e2e.watching import Watcher, eventually

pytestmark = pytest.mark.e2e
BROKEN = "registry.example.org/slipway-test/pull-fails:1"
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: {{ .Values.user.port }}}]}
"""
DATABASE = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - {name: db, image: {{ .Values.user.image | quote }}, volumeMounts: [{name: data, mountPath: /data}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: "pre-install,pre-upgrade" %s}}
spec:
  suspend: {{ .Values.user.hangs }}
  {{- if .Values.user.fails }}
  activeDeadlineSeconds: 1
  {{- end }}
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: migrate
        image: {{ if .Values.user.fails }}registry.example.org/slipway-test/stays-pending:1{{ else }}registry.example.org/app:1{{ end }}
"""
MIGRATING = "user: {hangs: false, fails: false}\n"


async def published(watcher: Watcher, stack: Stack, files: dict[str, str], **fields: Any) -> dict[str, Any]:
    return await watcher.new_product({**await charts.push(stack, files), "health_timeout_sec": 2, **fields})


async def change(client: SlipwayClient, deployment: dict[str, Any], **values: Any) -> None:
    await client.patch(f"/deployments/{deployment['id']}", {"user_values": values})


async def uids(watcher: Watcher, namespace: str, kinds: str) -> dict[str, str]:
    found = (await watcher.kubectl("get", kinds, "-n", namespace))["items"]
    return {f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["uid"] for each in found}


async def statuses(watcher: Watcher, namespace: str) -> list[str]:
    return [each["status"] for each in await watcher.helm("history", namespace, "-n", namespace)]


async def test_a_first_install_that_failed_in_the_cluster_succeeds_with_corrected_values(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row H1: the API server refused an object, and the record says failed."""
    files = {"templates/app.yaml": charts.APP, "templates/service.yaml": SERVICE, "values.yaml": f"{charts.VALUES}"}
    template = await published(watcher, stack, files)
    deployment = await watcher.until(await watcher.deploy(template, user_values={"port": 99999}), {"ready", "error"})
    assert (deployment["status"], deployment["failure_class"]) == ("error", "terminal")
    assert "spec.ports[0].port" in deployment["last_error"]
    assert await statuses(watcher, deployment["namespace_name"]) == ["failed"]
    await change(client, deployment, port=80)
    ready = await watcher.until(deployment, {"ready"}, generation=2)
    assert (ready["last_error"], ready["applied_generation"]) == (None, 2)


async def test_what_has_data_survives_a_failed_upgrade(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row H2: the set and its claim are the same ones, and so is the volume that the claim is bound to."""
    template = await published(watcher, stack, {"templates/db.yaml": DATABASE}, health_timeout_sec=5)
    deployment = await watcher.until(await watcher.deploy(template), {"ready", "error"})
    assert deployment["status"] == "ready", deployment["last_error"]
    namespace = deployment["namespace_name"]
    kept = await uids(watcher, namespace, "statefulsets,persistentvolumeclaims")
    assert set(kept) == {"StatefulSet/db", "PersistentVolumeClaim/data-db-0"}
    claim = await watcher.kubectl("get", "persistentvolumeclaim", "data-db-0", "-n", namespace)
    volume = await watcher.kubectl("get", "persistentvolume", claim["spec"]["volumeName"])
    await change(client, deployment, image=BROKEN)
    failed = await watcher.until(deployment, {"error"})
    assert "cannot pull image" in failed["last_error"]
    assert await uids(watcher, namespace, "statefulsets,persistentvolumeclaims") == kept
    again = await watcher.kubectl("get", "persistentvolume", claim["spec"]["volumeName"])
    assert (again["metadata"]["uid"], again["status"]["phase"]) == (volume["metadata"]["uid"], "Bound")
    live = await watcher.kubectl("get", "statefulset", "db", "-n", namespace)
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example.org/app:1"


async def test_a_field_that_cannot_change_leaves_the_old_pods_running(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row H3: no retry, and the user is told what to do."""
    selector = charts.APP.replace("app: web}}", "app: {{ .Values.user.label }}}}", 1).replace(
        "labels: {app: web}", "labels: {app: {{ .Values.user.label }}}"
    )
    values = charts.VALUES.replace("colour: blue", "colour: blue, label: web")
    template = await published(watcher, stack, {"templates/app.yaml": selector, "values.yaml": values})
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    namespace = deployment["namespace_name"]
    before = await uids(watcher, namespace, "deployments,pods")
    await change(client, deployment, label="other")
    failed = await watcher.until(deployment, {"error"})
    assert failed["failure_class"] == "terminal"
    assert "spec.selector" in failed["last_error"]
    assert "the old one keeps running" in failed["last_error"]
    assert await uids(watcher, namespace, "deployments,pods") == before
    told = await watcher.failure(deployment)
    assert (told["code"], told["will_retry"]) == ("immutable_field", False)


async def test_an_object_of_another_release_is_named_and_left_alone(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row H4."""
    extra = "{{ if .Values.user.extra }}\n{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {a: mine}}\n{{ end }}"
    template = await published(watcher, stack, {"templates/app.yaml": charts.APP, "templates/extra.yaml": extra})
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    namespace = deployment["namespace_name"]
    other = await charts.push(
        stack, {"templates/x.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {a: theirs}}"}
    )
    place = ["--plain-http", "--version", other["chart_version"], "-n", namespace]
    await watcher.run("helm", "install", "neighbour", other["chart_ref"], *place)
    await change(client, deployment, extra=True)
    failed = await watcher.until(deployment, {"error"})
    assert failed["failure_class"] == "terminal"
    assert all(word in failed["last_error"] for word in ("another release", "shared", "neighbour"))
    shared = await watcher.kubectl("get", "configmap", "shared", "-n", namespace)
    assert shared["data"] == {"a": "theirs"}
    await change(client, deployment, colour="green")
    assert (await watcher.until(deployment, {"ready"}, generation=3))["last_error"] is None


async def test_a_release_that_helm_cannot_store_is_refused_once(watcher: Watcher, stack: Stack):
    """Row H5: more than 1 MiB that cannot be packed."""
    files = {"templates/app.yaml": charts.APP, "noise.txt": secrets.token_hex(1_200_000)}
    deployment = await watcher.until(await watcher.deploy(await published(watcher, stack, files)), {"ready", "error"})
    assert (deployment["status"], deployment["failure_class"]) == ("error", "terminal")
    assert "larger than Helm can store (1 MiB)" in deployment["last_error"]
    told = await watcher.failure(deployment)
    assert (told["code"], told["will_retry"]) == ("release_too_large", False)


async def test_a_hook_that_fails_says_so_and_can_be_corrected(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row H6."""
    files = {"templates/hook.yaml": HOOK % "", "values.yaml": MIGRATING}
    template = await published(watcher, stack, files, health_timeout_sec=60)
    deployment = await watcher.until(await watcher.deploy(template, user_values={"fails": True}), {"ready", "error"})
    assert (deployment["status"], deployment["failure_class"]) == ("error", "terminal")
    assert "hook" in deployment["last_error"]
    await change(client, deployment, fails=False)
    await watcher.until(deployment, {"ready"}, generation=2)


@pytest.mark.parametrize("policy", ["", ', helm.sh/hook-delete-policy: "hook-succeeded,hook-failed"'])
async def test_a_hook_whose_image_cannot_be_pulled_says_so(watcher: Watcher, stack: Stack, policy: str):
    """Row H6: Helm itself says only that it waited too long, and removes the Job if the chart says so."""
    job = HOOK.replace("registry.example.org/app:1", BROKEN) % policy
    files = {"templates/hook.yaml": job, "values.yaml": MIGRATING}
    deployment = await watcher.deploy(await published(watcher, stack, files, health_timeout_sec=10))
    told = await watcher.failure(deployment)
    assert told["code"] == "hook_failed"
    assert "pod migrate" in told["reason"]
    assert f"cannot pull image {BROKEN}" in told["reason"]
    assert told["failure_class"] == "terminal", "a retry would change nothing"


async def test_a_hook_that_hangs_is_bounded_by_the_health_timeout(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row H6."""
    files = {"templates/hook.yaml": HOOK % "", "values.yaml": MIGRATING}
    deployment = await watcher.deploy(await published(watcher, stack, files), user_values={"hangs": True})
    told = await watcher.failure(deployment)
    assert told["code"] == "hook_failed", told["reason"]
    await change(client, deployment, hangs=False)
    await watcher.until(deployment, {"ready"}, generation=2)


async def test_a_hook_whose_object_is_there_already_is_taken_as_it_is_or_named(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row H6: the chart leaves a failed hook's Job behind, and a Job cannot be changed: no retry, and it is named."""
    policy = ", helm.sh/hook-delete-policy: hook-succeeded"
    files = {"templates/hook.yaml": HOOK % policy, "values.yaml": MIGRATING}
    template = await published(watcher, stack, files, health_timeout_sec=60)
    deployment = await watcher.until(await watcher.deploy(template, user_values={"fails": True}), {"error"})
    await change(client, deployment, fails=False)

    async def second() -> dict[str, Any] | None:
        failures = [each["data"] for each in await watcher.events(deployment) if each["type"].endswith("failed.v1")]
        return failures[-1] if failures[-1]["generation"] == 2 else None

    told = await eventually(second, "the second generation failed")
    assert (told["code"], told["failure_class"], told["will_retry"]) == ("immutable_field", "terminal", False)
    assert 'Job.batch "migrate"' in told["reason"]
    await watcher.run("kubectl", "delete", "job", "migrate", "-n", deployment["namespace_name"])
    await client.post(f"/deployments/{deployment['id']}/reconcile")
    await watcher.until(deployment, {"ready"}, generation=2)


async def test_a_good_revision_that_helm_has_no_more_is_not_gone_back_to(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row H8: the failure is told as it is, and no step back is claimed; a person still returns by Slipway's own copy."""
    template = await published(watcher, stack, {"templates/app.yaml": charts.APP})
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    namespace = deployment["namespace_name"]
    await change(client, deployment, colour="red")
    await watcher.until(deployment, {"ready"}, generation=2)
    await watcher.run("kubectl", "delete", "secret", f"sh.helm.release.v1.{namespace}.v2", "-n", namespace)
    await change(client, deployment, image=BROKEN)
    failed = await watcher.until(deployment, {"error"})
    told = await watcher.failure(deployment)
    assert (told["code"], told.get("rolled_back_to")) == ("image_pull_failed", None)
    assert failed["failure_class"] == "terminal"
    await watcher.run("kubectl", "delete", "secret", f"sh.helm.release.v1.{namespace}.v1", "-n", namespace)
    await client.post(f"/deployments/{deployment['id']}/rollback", {"revision": 1})
    await watcher.until(deployment, {"ready"}, generation=4)

    async def blue() -> bool | None:
        settings = await watcher.kubectl("get", "configmap", "settings", "-n", namespace)
        return settings["data"]["colour"] == "blue" or None

    await eventually(blue, "the values of the first revision serve again")
