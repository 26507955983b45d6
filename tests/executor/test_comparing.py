"""What differs, what that asks for, and what a tenant is given: tables and properties without any server."""

from ipaddress import ip_address, ip_network
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.domain.usage import Usage
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.cluster.port import NO_DRY_RUN, UNKNOWN_KIND, Object
from slipway_executor.failing import terminal
from slipway_executor.masking import Masker
from slipway_executor.reconcile.comparing import find_drift
from slipway_executor.reconcile.differences import autoscaled, changes, covers, drift
from slipway_executor.reconcile.tenant import Tenant, access, logins, walls
from slipway_executor.reconcile.usage import asked_for, quantity

HPA = {
    "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
    "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 5},
}  # fmt: skip


def workload(kind: str = "Deployment", replicas: int | None = 2, **container: Any) -> dict[str, Any]:
    pod = {"spec": {"containers": [{"name": "c", **container}]}}
    return {"kind": kind, "metadata": {"name": "web"}, "spec": {"replicas": replicas, "template": pod}}


def claim(size: str) -> dict[str, Any]:
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "p"},
        "spec": {"resources": {"requests": {"storage": size}}},
    }


ASKED: list[tuple[list[dict[str, Any]], Usage]] = [
    ([], Usage()),
    ([workload()], Usage(cpu_milli=100, memory_mib=128)),
    ([workload(replicas=None)], Usage(cpu_milli=50, memory_mib=64)),
    ([workload(replicas=0)], Usage()),
    ([workload(resources={"requests": {"cpu": "1.5", "memory": "1Gi"}})], Usage(cpu_milli=3000, memory_mib=2048)),
    ([workload(resources={"limits": {"cpu": 2}})], Usage(cpu_milli=4000, memory_mib=128)),
    ([workload(), HPA], Usage(cpu_milli=250, memory_mib=320)),
    ([claim("10Gi"), claim("1500Mi")], Usage(storage_gib=12)),
    ([{"kind": "CronJob", "metadata": {"name": "j"}, "spec": {"jobTemplate": {"spec": workload()["spec"]}}}],
     Usage(cpu_milli=50, memory_mib=64)),
    ([{"kind": "ConfigMap", "metadata": {"name": "x"}}], Usage()),
]  # fmt: skip


@pytest.mark.parametrize(("items", "wanted"), ASKED)
def test_what_objects_ask_for(items: list[dict[str, Any]], wanted: Usage):
    assert asked_for(items) == wanted


def test_volumes_of_a_stateful_set_count_for_each_replica():
    item = workload("StatefulSet", 3)
    item["spec"]["volumeClaimTemplates"] = [claim("2Gi")]
    assert asked_for([item]).storage_gib == 6


@pytest.mark.parametrize(
    ("text", "number"),
    [("100m", 0.1), ("2", 2), (1, 1), ("1e3", 1000), ("1Ki", 1024), ("5G", 5e9), ("x", 0), ("1Zi", 0)],
)
def test_quantities(text: Any, number: float):
    assert float(quantity(text)) == number


@given(st.lists(st.integers(0, 100), min_size=3, max_size=3), st.lists(st.integers(0, 100), min_size=3, max_size=3))
def test_what_is_left_is_never_too_much(used: list[int], limit: list[int]):
    spent, most = (Usage(cpu_milli=a, memory_mib=b, storage_gib=c) for a, b, c in (used, limit))
    left = spent.left_of(most)
    assert spent.plus(left).beyond(most) == (spent.beyond(most))


def test_the_servers_own_fields_are_no_change_and_secrets_are_masked():
    before = {"kind": "Secret", "metadata": {"name": "s", "resourceVersion": "1"}, "data": {"a": "eA=="}, "status": 1}
    after = {"kind": "Secret", "metadata": {"name": "s", "resourceVersion": "2"}, "data": {"a": "eQ=="}, "status": 2}
    [change] = changes(before, after)
    assert (change.pointer, change.before, change.after) == ("/data/a", "(hidden)", "(hidden)")


LIVE = {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 3, "paused": False}}
APPLIED = {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 1, "paused": False}}


@pytest.mark.parametrize(
    ("ignore", "drifts"),
    [
        ([], True),
        (["/spec/replicas"], False),
        (["/spec"], False),
        (["Deployment/web:/spec/replicas"], False),
        (["Deployment/*:/spec/replicas"], False),
        (["Deployment/other:/spec/replicas"], True),
        (["/spec/replica"], True),
        (autoscaled([HPA]), False),
    ],
)
def test_row_h16_no_false_alarm(ignore: list[str], drifts: bool):
    assert (drift(LIVE, LIVE, APPLIED, ignore) is not None) is drifts


@pytest.mark.parametrize("code", [NO_DRY_RUN, UNKNOWN_KIND])
async def test_what_the_server_cannot_judge_is_no_drift(code: str):
    cluster = MemoryCluster()
    cluster.set_objects(LIVE)
    cluster.failures["dry_run"] = terminal(code, "not that one")
    gone = {**LIVE, "metadata": {"name": "gone"}}
    found = await find_drift(cluster, [LIVE, gone], "ns", "app", ignore=())
    assert [each.name for each in found] == ["gone"]


def test_an_object_that_is_gone_or_going_has_drifted():
    going = {**LIVE, "metadata": {"name": "web", "deletionTimestamp": "now"}}
    for live in (None, going):
        found = drift(LIVE, live, None if live is None else APPLIED, ["/spec"])
        assert found is not None
        assert found.fields == ()


def test_a_rule_covers_what_lies_below_it():
    assert covers("/a/b", "K", "n", "/a/b/c")
    assert not covers("/a/b", "K", "n", "/a/bc")


TENANT = Tenant(namespace="n", pod_security="baseline", limits=Usage(cpu_milli=1500, memory_mib=512, storage_gib=1))


def objects(tenant: Tenant) -> list[Object]:
    return [*access(tenant), *walls(tenant), *logins(tenant)]


def kinds(tenant: Tenant) -> set[str]:
    return {item["kind"] for item in objects(tenant)}


def test_a_tenant_is_given_rights_limits_and_a_wall():
    assert kinds(TENANT) == {"ServiceAccount", "RoleBinding", "NetworkPolicy", "LimitRange", "ResourceQuota"}
    [quota] = [item for item in objects(TENANT) if item["kind"] == "ResourceQuota"]
    assert quota["spec"]["hard"] == {"requests.cpu": "1500m", "requests.memory": "512Mi", "requests.storage": "1Gi"}
    assert all(item["metadata"]["namespace"] == "n" for item in objects(TENANT))


def goes_out(address: str, protocol: str, port: int) -> bool:
    """Tell whether the tenant's policy lets its pods out to an address that is no pod's."""
    [policy] = [item for item in objects(TENANT) if item["kind"] == "NetworkPolicy"]
    blocks = [
        (block, rule.get("ports", [{"protocol": protocol, "port": port}]))
        for rule in policy["spec"]["egress"]
        for each in rule["to"]
        if (block := each.get("ipBlock"))
    ]
    return any(
        ip_address(address) in ip_network(block["cidr"])
        and not any(ip_address(address) in ip_network(left) for left in block.get("except", ()))
        and {"protocol": protocol, "port": port} in ports
        for block, ports in blocks
    )


def test_pods_ask_a_resolver_of_their_node_for_names_and_its_metadata_service_for_nothing():
    """NodeLocal DNSCache is the resolver that pods are told of where kube-proxy runs in ipvs mode."""
    assert goes_out("169.254.20.10", "UDP", 53)
    assert goes_out("169.254.20.10", "TCP", 53)
    assert not goes_out("169.254.169.254", "TCP", 80)
    assert goes_out("198.51.100.1", "TCP", 443)


def test_an_adopted_namespace_keeps_its_own_rules():
    adopted = msgspec.structs.replace(TENANT, adopted=True)
    assert (kinds(adopted), adopted.labels) == ({"ServiceAccount", "RoleBinding"}, {})


def test_registry_credentials_come_with_the_pods_account():
    pulling = msgspec.structs.replace(TENANT, pull={"r.example.org": '{"username": "u", "password": "p"}'})
    accounts = [item["metadata"]["name"] for item in objects(pulling) if item["kind"] == "ServiceAccount"]
    assert set(accounts) == {"default", "slipway-deployer"}
    assert pulling.digest != TENANT.digest, "other rules are laid anew"


@given(st.text(min_size=4, max_size=20), st.text(max_size=50))
def test_a_secret_never_leaves_in_a_text(secret: str, around: str):
    shown = Masker([secret]).text(f"{around}{secret}{around}")
    assert secret not in shown.replace("(hidden)", "")
