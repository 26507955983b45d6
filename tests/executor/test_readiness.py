"""When objects are ready, and why they are not: tables without any server."""

from typing import Any

import pytest

from slipway.domain.failures import FailureClass
from slipway_executor.reconcile.readiness import unready
from slipway_executor.reconcile.reason import not_ready


def deployment(**status: Any) -> dict[str, Any]:
    full = {
        "observedGeneration": 2,
        "replicas": 2,
        "updatedReplicas": 2,
        "availableReplicas": 2,
        "readyReplicas": 2,
        **status,
    }
    return {"kind": "Deployment", "metadata": {"name": "d", "generation": 2}, "spec": {"replicas": 2}, "status": full}


READINESS: list[tuple[dict[str, Any], str | None]] = [
    (deployment(), None),
    (deployment(observedGeneration=1), "not yet seen"),
    (deployment(updatedReplicas=1), "1 of 2 replicas updated"),
    (deployment(readyReplicas=0), "0 of 2 replicas ready"),
    (deployment(replicas=3), "old replicas"),
    ({"kind": "Deployment", "metadata": {"name": "d"}, "spec": {}, "status": {}}, "not yet seen"),
    (
        {
            "kind": "Job",
            "metadata": {"name": "d"},
            "spec": {},
            "status": {"conditions": [{"type": "Complete", "status": "True"}]},
        },
        None,
    ),
    (
        {
            "kind": "Job",
            "metadata": {"name": "d"},
            "spec": {},
            "status": {"conditions": [{"type": "Failed", "status": "True", "message": "m"}]},
        },
        "failed: m",
    ),
    ({"kind": "Job", "metadata": {"name": "d"}, "spec": {}, "status": {}}, "not completed"),
    ({"kind": "Pod", "metadata": {"name": "d"}, "status": {"phase": "Pending"}}, "Pending"),
    ({"kind": "Pod", "metadata": {"name": "d"}, "status": {"phase": "Succeeded"}}, None),
    ({"kind": "PersistentVolumeClaim", "metadata": {"name": "d"}, "status": {"phase": "Bound"}}, None),
    ({"kind": "Certificate", "metadata": {"name": "d"}}, None),
    (
        {
            "kind": "Certificate",
            "metadata": {"name": "d"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        },
        None,
    ),
    (
        {
            "kind": "Certificate",
            "metadata": {"name": "d"},
            "status": {"conditions": [{"type": "Ready", "status": "False", "message": "no issuer"}]},
        },
        "is not ready: no issuer",
    ),
    (
        {
            "kind": "Certificate",
            "metadata": {"name": "d"},
            "status": {"conditions": [{"type": "Stalled", "status": "True", "reason": "Gone"}]},
        },
        "is stalled: Gone",
    ),
    (
        {"kind": "Certificate", "metadata": {"name": "d", "generation": 2}, "status": {"observedGeneration": 1}},
        "seen by its controller",
    ),
    ({"kind": "PersistentVolumeClaim", "metadata": {"name": "d"}, "status": {"phase": "Pending"}}, "Pending"),
    ({"kind": "Service", "metadata": {"name": "d"}, "spec": {"type": "ClusterIP"}}, None),
    ({"kind": "Service", "metadata": {"name": "d"}, "spec": {"type": "LoadBalancer"}}, "no load balancer"),
    (
        {
            "kind": "DaemonSet",
            "metadata": {"name": "d"},
            "spec": {},
            "status": {
                "observedGeneration": 1,
                "desiredNumberScheduled": 2,
                "updatedNumberScheduled": 2,
                "numberAvailable": 1,
            },
        },
        "1 of 2 pods available",
    ),
    (
        {
            "kind": "StatefulSet",
            "metadata": {"name": "d"},
            "spec": {"replicas": 3},
            "status": {"observedGeneration": 1, "updatedReplicas": 3, "readyReplicas": 2},
        },
        "2 of 3 replicas ready",
    ),
    (
        {
            "kind": "StatefulSet",
            "metadata": {"name": "d"},
            "spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            "status": {"observedGeneration": 1, "updatedReplicas": 1, "readyReplicas": 3},
        },
        None,
    ),
    (
        {"kind": "Pod", "metadata": {"name": "d", "deletionTimestamp": "now"}, "status": {"phase": "Running"}},
        "being removed",
    ),
]


@pytest.mark.parametrize(("item", "words"), READINESS)
def test_readiness(item: dict[str, Any], words: str | None):
    found = unready({(item["kind"], "d")}, [item])
    assert ([words in each.reason for each in found] == [True]) if words else found == []


def test_an_object_that_is_missing_is_not_ready():
    assert [each.reason for each in unready({("Pod", "p")}, [])] == ["is not there"]


def pod(waiting: dict[str, str], **container: Any) -> dict[str, Any]:
    status = {"name": "web", "image": "app:1", "state": {"waiting": waiting}, **container}
    return {"kind": "Pod", "metadata": {"name": "p-1"}, "status": {"containerStatuses": [status]}}


def event(reason: str, message: str) -> dict[str, Any]:
    return {
        "kind": "Event",
        "reason": reason,
        "message": message,
        "involvedObject": {"kind": "ReplicaSet", "name": "rs"},
    }


REASONS: list[tuple[str, FailureClass, str, list[dict[str, Any]], list[dict[str, Any]]]] = [
    ("image_pull_failed", FailureClass.TERMINAL, "pod p-1: container web cannot pull image app:1 (ErrImagePull): no such tag",
     [pod({"reason": "ErrImagePull", "message": "no such tag"})], []),
    ("image_pull_failed", FailureClass.TERMINAL, "app:1 (ImagePullBackOff): failed to pull: failed to resolve reference: not found",
     [pod({"reason": "ImagePullBackOff", "message": 'Back-off pulling image "app:1": ErrImagePull: rpc error: code = NotFound'
           ' desc = failed to pull "app:1": failed to resolve reference "app:1": app:1: not found'})], []),
    ("container_crashes", FailureClass.TERMINAL, "exit code 137, 4 restarts: killed",
     [pod({"reason": "CrashLoopBackOff"}, restartCount=4, lastState={"terminated": {"exitCode": 137, "message": "killed"}})], []),
    ("container_config", FailureClass.TERMINAL, "secret \"x\" not found",
     [pod({"reason": "CreateContainerConfigError", "message": "secret \"x\" not found"})], []),
    ("unschedulable", FailureClass.TRANSIENT, "insufficient cpu",
     [{"kind": "Pod", "metadata": {"name": "p"}, "status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "insufficient cpu"}]}}], []),
    ("quota_exceeded", FailureClass.TERMINAL, "exceeded quota", [], [event("FailedCreate", "exceeded quota: q, requested: pods=1")]),
    ("volume_failed", FailureClass.TRANSIENT, "no storage class", [], [event("ProvisioningFailed", "no storage class")]),
    ("probe_failed", FailureClass.TRANSIENT, "Readiness probe failed: HTTP probe failed with statuscode: 404",
     [], [event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404")]),
    ("not_ready", FailureClass.TRANSIENT, "not ready after 30 s: Pod p is not there", [], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "kind", "words", "pods", "warnings"),
    REASONS,
    ids=[f"{row[0]} {number}" for number, row in enumerate(REASONS)],
)
def test_the_real_reason(
    code: str, kind: FailureClass, words: str, pods: list[dict[str, Any]], warnings: list[dict[str, Any]]
):
    failure = not_ready(unready({("Pod", "p")}, []), pods, warnings, after_sec=30)
    assert (failure.code, failure.failure_class) == (code, kind)
    assert words in failure.reason
