"""What a chart may not do, what a namespace is given, secrets, drift, adoption, and looking into it."""

import base64
import shutil
from typing import Any

import asyncpg
import pytest

from slipway.client.http import Refused, SlipwayClient
from slipway.dev.stack import Stack
from tests.e2e import charts
from tests.e2e.watching import Watcher, eventually, fresh_domain

pytestmark = pytest.mark.e2e
SECRET = "correct-horse-battery"
SECRET_TEMPLATE: dict[str, Any] = {
    "values_schema_json": {
        "properties": {
            "user": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "password": {"type": "string", "writeOnly": True, "minLength": 8},
                    "colour": {"type": "string"},
                },
            }
        }
    },
    "capabilities_json": {"secret_fields": {"/password": {"name": "/user/secretName", "key": "/user/secretKey"}}},
}


async def ready(watcher: Watcher, template: dict[str, Any], **fields: Any) -> dict[str, Any]:
    found = await watcher.until(await watcher.deploy(await watcher.new_product(template), **fields), {"ready", "error"})
    assert found["status"] == "ready", found["last_error"]
    return found


async def failed(watcher: Watcher, template: dict[str, Any], **fields: Any) -> str:
    found = await watcher.until(await watcher.deploy(await watcher.new_product(template), **fields), {"ready", "error"})
    assert found["status"] == "error"
    return found["last_error"]


async def test_a_namespace_is_given_limits_rights_and_walls(watcher: Watcher, client: SlipwayClient, stack: Stack):
    deployment = await ready(watcher, await charts.app(stack))
    namespace = deployment["namespace_name"]
    labels = (await watcher.kubectl("get", "namespace", namespace))["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
    quota = await watcher.kubectl("get", "resourcequota", "slipway", "-n", namespace)
    assert set(quota["spec"]["hard"]) == {"requests.cpu", "requests.memory", "requests.storage"}
    for kind in ("limitrange", "networkpolicy"):
        assert await watcher.kubectl("get", kind, "slipway", "-n", namespace)


GREEDY = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: x}
rules: [{apiGroups: [''], resources: [nodes], verbs: [get]}]
"""
THIEF = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: x}
data: {stolen: {{ len (lookup "v1" "Secret" "slipway-system" "").items | quote }}}
"""
OUTSIDE = [
    ("another namespace", "{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: default}}"),
    ("cluster-scoped", "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: x}, rules: []}"),
    ("more rights", GREEDY),
    ("others' secrets", THIEF),
    ("its own quota", "{apiVersion: v1, kind: ResourceQuota, metadata: {name: slipway}, spec: {hard: {pods: '9'}}}"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "manifest"), OUTSIDE, ids=[each[0] for each in OUTSIDE])
async def test_a_chart_reaches_nothing_outside_its_namespace(watcher: Watcher, stack: Stack, what: str, manifest: str):
    """Row 48."""
    reason = await failed(watcher, await charts.push(stack, {"templates/x.yaml": manifest}))
    assert "forbid" in reason or "belongs to another release" in reason, reason


async def test_a_privileged_pod_is_refused_by_the_namespaces_level(watcher: Watcher, stack: Stack):
    """Row 48: the pod's own reason reaches the user."""
    privileged = charts.APP.replace("- name: web\n", "- name: web\n        securityContext: {privileged: true}\n")
    template = await charts.push(stack, {"templates/app.yaml": privileged})
    assert "privileged" in await failed(watcher, {**template, "health_timeout_sec": 2})


async def test_more_than_the_quota_is_refused_with_numbers(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row 40."""
    big = charts.APP.replace("- name: web\n", "- name: web\n        resources: {requests: {cpu: 100}}\n")
    template = await watcher.new_product(await charts.push(stack, {"templates/app.yaml": big}))
    deployment = await watcher.until(await watcher.deploy(template), {"ready", "error"})
    assert "100000m of CPU" in deployment["last_error"]
    assert "requests.cpu" not in deployment["last_error"], "it is said before anything is written, not by the namespace"
    small = await watcher.deploy(await watcher.new_product(await charts.app(stack)))
    assert (await watcher.until(small, {"ready", "error"}))["status"] == "ready", "what was refused is not counted"
    await client.delete(f"/deployments/{deployment['id']}")
    await watcher.until(deployment, {"deleted"})


async def test_a_trusted_chart_may_have_just_what_its_template_allows(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    role = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: {{ .Release.Name }}}, rules: []}"
    fields = await charts.push(stack, {"templates/x.yaml": role})
    trusted = {**fields, "capabilities_json": {"allow": {"cluster_scoped": ["ClusterRole"]}}}
    deployment = await ready(watcher, trusted)
    assert await watcher.kubectl("get", "clusterrole", deployment["release_name"])
    await client.delete(f"/deployments/{deployment['id']}")
    await watcher.until(deployment, {"deleted"})
    other = {**fields, "capabilities_json": {"allow": {"cluster_scoped": ["StorageClass"]}}}
    assert "does not allow" in await failed(watcher, other)


CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.slipway-test.dev}
spec:
  group: slipway-test.dev
  names: {kind: Boat, plural: boats}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


async def test_a_new_kind_and_its_object_come_in_one_chart(watcher: Watcher, stack: Stack):
    """Row 44."""
    boat = "{apiVersion: slipway-test.dev/v1, kind: Boat, metadata: {name: one}, spec: {length: 7}}"
    fields = await charts.push(stack, {"crds/boat.yaml": CRD, "templates/boat.yaml": boat})
    assert "does not know a kind" in await failed(watcher, fields)
    deployment = await ready(watcher, {**fields, "capabilities_json": {"allow": {"crds": True}}})
    assert await watcher.kubectl("get", "boats.slipway-test.dev", "one", "-n", deployment["namespace_name"])


async def test_a_secret_is_sealed_referred_to_and_never_shown(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Rows 62 and 49."""
    template = {**await charts.app(stack), **SECRET_TEMPLATE}
    deployment = await ready(watcher, template, user_values={"password": SECRET, "colour": "red"})
    namespace = deployment["namespace_name"]
    assert deployment["user_values"] == {"password": "********", "colour": "red"}
    env = await secret_of(watcher, namespace)
    assert env == SECRET
    values = await watcher.run("helm", "get", "values", namespace, "-n", namespace, "--all")
    assert SECRET not in values
    everything = str(await watcher.events(deployment)) + str(await client.get("/audit?limit=200"))
    assert SECRET not in everything

    same = await client.patch(f"/deployments/{deployment['id']}", {"user_values": deployment["user_values"]})
    assert same["generation"] == 1, "the mask means: as it was"
    await client.put(f"/deployments/{deployment['id']}/secrets/password", {"value": "another-secret"})
    await watcher.until(deployment, {"ready"}, generation=2)
    assert await secret_of(watcher, namespace) == "another-secret"
    kept = await watcher.kubectl("get", "secrets", "-n", namespace, "-l", "slipway.dev/secrets=true")
    assert len(kept["items"]) == 1, "the Secret of the old value is gone"
    with pytest.raises(Refused, match="/value"):
        await client.put(f"/deployments/{deployment['id']}/secrets/password", {"value": "short"})
    await client.delete(f"/deployments/{deployment['id']}/secrets/password")
    bare = await watcher.until(deployment, {"ready"}, generation=3)
    assert bare["user_values"] == {"colour": "red"}


async def secret_of(watcher: Watcher, namespace: str) -> str:
    """Return the value that the pod's environment refers to."""
    live = await watcher.kubectl("get", "deployment", "web", "-n", namespace)
    [variable] = live["spec"]["template"]["spec"]["containers"][0]["env"]
    reference = variable["valueFrom"]["secretKeyRef"]
    secret = await watcher.kubectl("get", "secret", reference["name"], "-n", namespace)
    return base64.b64decode(secret["data"][reference["key"]]).decode()


async def test_a_user_may_refer_to_a_secret_that_is_there(watcher: Watcher, stack: Stack):
    reference = {"$secretRef": {"name": "mine", "key": "pass"}}
    deployment = await ready(
        watcher, {**await charts.app(stack), **SECRET_TEMPLATE}, user_values={"password": reference}
    )
    live = await watcher.kubectl("get", "deployment", "web", "-n", deployment["namespace_name"])
    [variable] = live["spec"]["template"]["spec"]["containers"][0]["env"]
    assert variable["valueFrom"]["secretKeyRef"] == {"name": "mine", "key": "pass"}


async def test_drift_is_named_and_corrected(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row 43."""
    deployment = await ready(watcher, await charts.app(stack))
    await watcher.compared(deployment)  # its first comparison may not fall between the two changes
    namespace = deployment["namespace_name"]
    await watcher.run("kubectl", "scale", "deployment", "web", "--replicas=3", "-n", namespace)
    await watcher.run("kubectl", "delete", "configmap", "settings", "-n", namespace)
    told = await watcher.drift(deployment)
    assert told["mode"] == "correct"
    assert {(each["kind"], *each["fields"]) for each in told["objects"]} == {
        ("ConfigMap",),
        ("Deployment", "/spec/replicas"),
    }

    async def corrected() -> bool | None:
        found = await client.get(f"/deployments/{deployment['id']}")
        live = await watcher.kubectl("get", "deployment", "web", "-n", namespace)
        return (live["spec"]["replicas"] == 1 and found["status"] == "ready" and not found["drifted"]) or None

    await eventually(corrected, "the drift was corrected")
    assert await watcher.kubectl("get", "configmap", "settings", "-n", namespace)
    [release] = await watcher.helm("list", "-n", namespace)
    assert release["revision"] == "1", "a correction is no new revision"


async def test_drift_is_only_told_where_the_template_says_so_and_ignored_where_it_may(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row H16."""
    policy = {"drift": {"mode": "warn", "ignore": ["Deployment/web:/spec/replicas"]}}
    deployment = await ready(watcher, await charts.app(stack, capabilities_json=policy))
    await watcher.compared(deployment)
    namespace = deployment["namespace_name"]
    await watcher.run("kubectl", "scale", "deployment", "web", "--replicas=3", "-n", namespace)
    await watcher.run("kubectl", "patch", "configmap", "settings", "-n", namespace, "-p", '{"data":{"colour":"pink"}}')
    told = await watcher.drift(deployment)
    assert told["objects"] == [{"kind": "ConfigMap", "name": "settings", "fields": ["/data/colour"]}]
    found = await client.get(f"/deployments/{deployment['id']}")
    assert (found["drifted"], found["status"]) == (True, "ready")
    await client.post(f"/deployments/{deployment['id']}/reconcile")

    async def corrected() -> bool | None:
        settings = await watcher.kubectl("get", "configmap", "settings", "-n", namespace)
        return settings["data"]["colour"] == "blue" or None

    await eventually(corrected, "reconcile corrects whatever the mode says")


async def test_a_release_that_was_removed_by_hand_comes_back(watcher: Watcher, stack: Stack):
    """Row 43."""
    deployment = await ready(watcher, await charts.app(stack))
    await watcher.run("helm", "uninstall", deployment["release_name"], "-n", deployment["namespace_name"])
    assert (await watcher.drift(deployment))["release"] == "missing"

    async def back() -> bool | None:
        return bool(await watcher.helm("list", "-n", deployment["namespace_name"])) or None

    await eventually(back, "the release is there again")


async def test_a_release_made_by_hand_is_adopted_without_a_change(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    template = await watcher.new_product(await charts.app(stack, capabilities_json={"system_values_paths": {}}))
    namespace = f"legacy-{template['id'][-8:]}"
    registry = ["--plain-http", "--version", template["chart_version"]]
    await watcher.run("kubectl", "create", "namespace", namespace)
    await watcher.run(
        "helm", "install", "old", template["chart_ref"], *registry, "-n", namespace, "--set", "user.colour=teal"
    )
    before = await watcher.kubectl("get", "deployment", "web", "-n", namespace)
    body = {
        "template_id": template["id"], "domain_name": fresh_domain(), "namespace_name": namespace, "release_name": "old",
    }  # fmt: skip
    wrong = await client.post("/deployments/adopt", body)
    refused = await watcher.until(wrong, {"error"})
    assert "ConfigMap settings at /data/colour" in refused["last_error"]
    await client.delete(f"/deployments/{wrong['id']}")
    await watcher.until(wrong, {"deleted"})

    async def adopt() -> dict[str, Any]:
        right = {**body, "domain_name": fresh_domain(), "user_values": {"colour": "teal"}}
        return await watcher.until(await client.post("/deployments/adopt", right), {"ready", "error"})

    adopted = await adopt()
    assert adopted["status"] == "ready", adopted["last_error"]
    [release] = await watcher.helm("list", "-n", namespace)
    assert release["revision"] == "1"
    after = await watcher.kubectl("get", "deployment", "web", "-n", namespace)
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    await client.delete(f"/deployments/{adopted['id']}")
    await watcher.until(adopted, {"deleted"})
    assert namespace in await watcher.namespaces(), "it was there before"
    assert await watcher.helm("list", "-n", namespace) == []


async def test_an_owner_looks_into_a_deployment(watcher: Watcher, client: SlipwayClient, stack: Stack):
    deployment = await ready(watcher, await charts.app(stack))
    path = f"/deployments/{deployment['id']}"
    found = await client.get(f"{path}/resources")
    assert {(each["kind"], each["ready"]) for each in found["objects"]} == {("Deployment", True), ("ConfigMap", True)}
    [pod] = found["pods"]
    assert (pod["ready"], pod["phase"]) == (True, "Running")
    manifest = (await client.get(f"{path}/resources/deployment/web"))["manifest"]
    assert manifest["spec"]["template"]["spec"]["containers"], "as the cluster has it"
    assert manifest["status"]["readyReplicas"] == 1
    assert "managedFields" not in manifest["metadata"]
    assert (await client.get(f"{path}/resources/Pod/{pod['name']}"))["manifest"]["status"]["phase"] == "Running"
    with pytest.raises(Refused, match="there is no Secret"):
        await client.get(f"{path}/resources/Secret/sh.helm.release.v1.{deployment['release_name']}.v1")
    assert (await client.get(f"{path}/notes"))["notes"] == f"visit {deployment['release_name']}"
    with pytest.raises(Refused, match="not_found"):
        await client.text(f"{path}/pods/none-such/logs")


async def test_a_chart_that_left_its_registry_still_upgrades_rolls_back_and_goes(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row 46: two versions of it, and no executor has a copy of either."""
    first = await watcher.new_product(await charts.app(stack))
    deployment = await watcher.until(await watcher.deploy(first), {"ready"})
    second = await client.post(f"/products/{first['product_id']}/templates", await charts.app(stack))
    for version in (first, second):
        await watcher.until(await watcher.deploy(version), {"ready"})
        await kept(stack, version["chart_digest"])
        vanish(stack, version)
    await client.patch(f"/deployments/{deployment['id']}", {"user_values": {"colour": "red"}})
    await watcher.until(deployment, {"ready"}, generation=2)
    for version in (first, second):
        vanish(stack, version)
    await client.post(f"/deployments/{deployment['id']}/upgrade", {"template_id": second["id"]})
    upgraded = await watcher.until(deployment, {"ready"}, generation=3)
    assert upgraded["applied_template_id"] == second["id"]
    vanish(stack, first)
    await client.post(f"/deployments/{deployment['id']}/rollback", {"revision": 1})
    back = await watcher.until(deployment, {"ready"}, generation=4)
    assert (back["applied_template_id"], back["user_values"]) == (first["id"], None)
    for version in (first, second):
        vanish(stack, version)
    await client.delete(f"/deployments/{deployment['id']}")
    await watcher.until(deployment, {"deleted"})


async def kept(stack: Stack, digest: str) -> None:
    """Wait until the installation's database has the archive whole."""
    connection = await asyncpg.connect(stack.database_url)

    async def look() -> bool | None:
        found = await connection.fetchval("SELECT count(*) FROM chart_archive_part WHERE digest = $1", digest)
        return found == 2 or None

    try:
        await eventually(look, "the archive is kept")
    finally:
        await connection.close()


def vanish(stack: Stack, template: dict[str, Any]) -> None:
    """Remove a chart from its registry and from the executors' disks."""
    name = template["chart_ref"].rpartition("/")[2]
    repositories = stack.state / "registry" / "docker" / "registry" / "v2" / "repositories" / "charts"
    shutil.rmtree(repositories / name, ignore_errors=True)
    for cached in (stack.state / "cache" / "charts").glob(f"{template['chart_digest'].replace(':', '-')}*"):
        cached.unlink()
