"""Two releases of one name share a cluster: what belongs to both is the first one's, and each executor has rights of its own."""

import pytest

from tests.deploy.helming import PLATFORM
from tests.deploy.operator import PODS, RELEASE, Operator

pytestmark = pytest.mark.e2e

INSTALL = f"helm install {RELEASE} {PLATFORM} --create-namespace --wait"


def keeps_leases(namespace: str) -> str:
    """Return what asks whether the executors of a namespace's release may keep Leases."""
    account = f"system:serviceaccount:{namespace}:{RELEASE}-executor"
    return f"kubectl auth can-i update leases.coordination.k8s.io -n slipway-system --as={account}"


async def test_a_second_release_is_installed_beside_the_first_and_taken_away_again(operator: Operator):
    await operator.types(f"{INSTALL} --namespace=one")
    await operator.types(f"{INSTALL} --namespace=two --set rbac.systemNamespace=false")
    for namespace in ("one", "two"):
        await operator.types(keeps_leases(namespace))
    await operator.types(f"helm uninstall {RELEASE} --namespace=two --wait")
    await operator.types(keeps_leases("one"))
    await operator.types(f"! {keeps_leases('two')}")


async def test_the_trusted_account_has_no_right_but_those_that_are_bound(operator: Operator):
    release = f"helm upgrade --install {RELEASE} {PLATFORM} --namespace=one --create-namespace --wait"
    account = "--as=system:serviceaccount:slipway-system:slipway-trusted"
    reads, writes = (f"kubectl auth can-i {what} {account}" for what in ("list pods", "create pods"))
    await operator.types(release)
    await operator.types(f"! {reads}")
    await operator.types(f"{release} --set rbac.trustedClusterRole=view")
    await operator.types(reads)
    await operator.types(f"! {writes}")


async def test_an_api_that_outsiders_reach_believes_no_node_s_network_by_itself(operator: Operator):
    """What comes to a NodePort may bear the address of a node within its pods' network."""
    for namespace, kind, trusted in (("inside", "ClusterIP", PODS), ("outside", "NodePort", "")):
        chosen = f"--set rbac.systemNamespace=false --set api.service.type={kind}"
        await operator.types(f"{INSTALL} --namespace={namespace} {chosen}")
        path = "-o jsonpath='{.data.SLIPWAY_TRUSTED_PROXIES}'"
        assert await operator.types(f"kubectl -n {namespace} get configmap {RELEASE}-api {path}") == trusted
