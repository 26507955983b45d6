"""What an executor may not do in the cluster, said by the real API server; and the way into the console."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import httpx
import pytest

from slipway.dev.links import sign_in_link
from slipway.dev.stack import ADMIN_EMAIL, Stack
from slipway_executor.cluster import users
from slipway_executor.cluster.kubernetes import APPLY, KubernetesApi, connect
from slipway_executor.failing import OperationFailed
from tests.e2e import charts
from tests.e2e.watching import Watcher

pytestmark = pytest.mark.e2e

RBAC = "/apis/rbac.authorization.k8s.io/v1"
SYSTEM = "/api/v1/namespaces/slipway-system"
DRY = {"dryRun": "All", "fieldManager": "test", "force": "true"}
Call = Callable[[KubernetesApi], Awaitable[Any]]


@pytest.fixture
async def executor(stack: Stack) -> AsyncIterator[KubernetesApi]:
    """The API with the very credentials that the executors run with."""
    assert stack.cluster
    async with connect(str(stack.cluster.executor_kubeconfig)) as api:
        yield api


@pytest.fixture
async def namespace(watcher: Watcher, stack: Stack) -> str:
    deployment = await watcher.deploy(await watcher.new_product(await charts.app(stack)))
    return str((await watcher.until(deployment, {"ready"}))["namespace_name"])


def get(path: str) -> Call:
    return lambda api: api.get(path)


def apply(path: str, api_version: str, kind: str, **content: Any) -> Call:
    body: Mapping[str, Any] = {
        "apiVersion": api_version, "kind": kind, "metadata": {"name": path.rpartition("/")[2]}, **content,
    }  # fmt: skip
    return lambda api: api.patch(path, body, kind=APPLY, query=DRY)


def binding(role: str, *, kind: str = "ClusterRole") -> dict[str, Any]:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}
    return {"roleRef": reference, "subjects": [{"kind": "ServiceAccount", "name": "x", "namespace": "default"}]}


BY_ITSELF: dict[str, Call] = {
    "read a tenant's Secrets": get("/api/v1/namespaces/{}/secrets"),
    "read a tenant's pods": get("/api/v1/namespaces/{}/pods"),
    "read everybody's Secrets": get("/api/v1/secrets"),
    "read another Secret of its own namespace": get(f"{SYSTEM}/secrets/other"),
    "list the Secrets of its own namespace": get(f"{SYSTEM}/secrets"),
    "list everybody's pods": get("/api/v1/pods"),
    "read nodes": get("/api/v1/nodes"),
    "read Leases of the control plane": get("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"),
    "write a Secret": apply("/api/v1/namespaces/{}/secrets/x", "v1", "Secret"),
    "write a workload": apply("/apis/apps/v1/namespaces/{}/deployments/web", "apps/v1", "Deployment"),
    "make a ClusterRole": apply(f"{RBAC}/clusterroles/x", "rbac.authorization.k8s.io/v1", "ClusterRole", rules=[]),
    "bind rights in the whole cluster": apply(
        f"{RBAC}/clusterrolebindings/x", "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", **binding("admin")
    ),
    "bind more than admin in a namespace": apply(
        f"{RBAC}/namespaces/{{}}/rolebindings/slipway-deployer", "rbac.authorization.k8s.io/v1", "RoleBinding",
        **binding("cluster-admin"),
    ),
    "change a binding that is not Slipway's": apply(
        f"{RBAC}/namespaces/kube-system/rolebindings/system:controller:token-cleaner",
        "rbac.authorization.k8s.io/v1", "RoleBinding", **binding("admin"),
    ),
    "change a wall that is not Slipway's": apply(
        "/api/v1/namespaces/{}/resourcequotas/theirs", "v1", "ResourceQuota", spec={}
    ),
    "make definitions": apply(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/x.y.dev", "apiextensions.k8s.io/v1",
        "CustomResourceDefinition", spec={},
    ),
    "get a token of another account": lambda api: api.post(
        "/api/v1/namespaces/{}/serviceaccounts/default/token", {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
    ),
    "act as an administrator": lambda api: api.acting_as("slipway-dev-admin").get("/api/v1/nodes"),
    "act as another account": lambda api: api.acting_as("system:serviceaccount:kube-system:namespace-controller").get(
        "/api/v1/nodes"
    ),
}  # fmt: skip
AS_TENANT: dict[str, Call] = {
    "read another namespace": get("/api/v1/namespaces/kube-system/secrets"),
    "read the key that secrets are sealed to": get(f"{SYSTEM}/secrets/slipway-sealing-key"),
    "move its quota": apply("/api/v1/namespaces/{}/resourcequotas/slipway", "v1", "ResourceQuota", spec={}),
    "relabel its namespace": apply("/api/v1/namespaces/{}", "v1", "Namespace"),
    "make a ClusterRole": BY_ITSELF["make a ClusterRole"],
    "give itself more": BY_ITSELF["bind more than admin in a namespace"],
}  # fmt: skip


async def may_write_network_policies(api: KubernetesApi, namespace: str) -> bool:
    attributes = {"namespace": namespace, "verb": "delete", "group": "networking.k8s.io", "resource": "networkpolicies"}
    asked = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = await api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", asked)
    return bool(answer["status"].get("allowed"))


class Placed:
    """The API with the tenant's namespace put into each path."""

    def __init__(self, api: KubernetesApi, namespace: str) -> None:
        self._api, self._namespace = api, namespace

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._api, name)

        def placed(path: str, *rest: Any, **more: Any) -> Any:
            return method(path.replace("{}", self._namespace), *rest, **more)

        return placed


async def refused(api: Any, calls: Mapping[str, Call]) -> dict[str, str]:
    """Try each; return what the server said to it."""
    said: dict[str, str] = {}
    for what, call in calls.items():
        try:
            await call(api)
            said[what] = "allowed"
        except OperationFailed as error:
            said[what] = error.failure.code
    return said


async def test_an_executor_by_itself_only_makes_namespaces_and_lays_their_rules(
    executor: KubernetesApi, namespace: str
):
    placed: Any = Placed(executor, namespace)
    assert await refused(placed, BY_ITSELF) == dict.fromkeys(BY_ITSELF, "cluster_forbidden")


async def test_as_a_tenant_it_reaches_that_namespace_and_no_other(executor: KubernetesApi, namespace: str):
    tenant = executor.acting_as(users.tenant(namespace))
    assert await tenant.get(f"/api/v1/namespaces/{namespace}/secrets")
    placed: Any = Placed(tenant, namespace)
    assert await refused(placed, AS_TENANT) == dict.fromkeys(AS_TENANT, "cluster_forbidden")
    assert await may_write_network_policies(tenant, namespace), "docs/security.md says so, and what to do about it"


async def test_the_services_run_with_these_credentials(stack: Stack):
    assert stack.cluster
    told = stack._settings("executor")
    assert told["KUBECONFIG"] == str(stack.cluster.executor_kubeconfig) != stack.kubeconfig
    assert "operator" not in told["NATS_URL"]
    assert "DATABASE_URL" not in told
    for service in ("api", "scheduler"):
        assert f"//{service}:" in stack._settings(service)["NATS_URL"]
        assert f"slipway_{service}_login:" in stack._settings(service)["DATABASE_URL"]


async def test_a_one_time_link_opens_the_console_once(stack: Stack):
    link = await sign_in_link(stack)
    address, _, code = link.partition("/sign-in#code=")
    assert address == stack.api_url
    async with httpx.AsyncClient(base_url=f"{stack.api_url}/api/v1", timeout=60) as browser:
        pair = await browser.post("/auth/exchange", json={"code": code, "cookie": True})
        me = await browser.get("/users/me", headers={"Authorization": f"Bearer {pair.json()['access_token']}"})
        assert me.json()["email"] == ADMIN_EMAIL
        assert (await browser.post("/auth/refresh")).status_code == 200
        assert (await browser.post("/auth/exchange", json={"code": code})).status_code == 401
