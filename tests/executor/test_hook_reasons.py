"""Why a hook failed: Helm says only that its Job failed or took too long, its pods say why."""

from typing import Any

import pytest

from slipway.domain.failures import Failure, FailureClass
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.reconcile.reason import of_hooks

IMAGE = "registry.example.org/migrate:1"


def failure(code: str = "hook_failed") -> Failure:
    return Failure(failure_class=FailureClass.TRANSIENT, code=code, reason="hook migrate failed", cluster_changed=True)


def pod(state: dict[str, Any]) -> dict[str, Any]:
    containers = [{"name": "main", "image": IMAGE, "state": state}]
    return {"kind": "Pod", "metadata": {"name": "migrate-x"}, "status": {"containerStatuses": containers}}


def refused() -> dict[str, Any]:
    job = {"kind": "Job", "name": "migrate"}
    return {"kind": "Event", "reason": "FailedCreate", "message": "exceeded quota: pods=1", "involvedObject": job}


CASES = {
    "an image that is not there": (
        [pod({"waiting": {"reason": "ErrImagePull", "message": "not found"}})],
        f"pod migrate-x: container main cannot pull image {IMAGE} (ErrImagePull): not found",
    ),
    "a program that ends with an error": (
        [pod({"terminated": {"exitCode": 3, "message": "no such table"}})],
        "pod migrate-x: container main ended with exit code 3: no such table",
    ),
    "pods that may not be made": ([refused()], "Job migrate cannot create pods: exceeded quota: pods=1"),
}


@pytest.mark.parametrize(("objects", "said"), CASES.values(), ids=CASES)
async def test_a_hooks_failure_is_told_by_its_pods(objects: list[dict[str, Any]], said: str):
    cluster = MemoryCluster()
    cluster.set_objects(*objects)
    told = await of_hooks(failure(), (), cluster, "n")
    assert told.reason == f"hook migrate failed: {said}"
    assert (told.code, told.failure_class) == ("hook_failed", FailureClass.TERMINAL), "the same hook fails again"


async def test_pods_that_are_gone_by_now_are_told_as_they_were():
    told = await of_hooks(
        failure(), [pod({"terminated": {"exitCode": 3, "message": "no such table"}})], MemoryCluster(), "n"
    )
    assert told.reason == "hook migrate failed: pod migrate-x: container main ended with exit code 3: no such table"


async def test_a_hook_whose_pods_are_well_is_told_as_helm_does():
    cluster = MemoryCluster()
    cluster.set_objects(pod({"terminated": {"exitCode": 0}}))
    assert await of_hooks(failure(), (), cluster, "n") == failure()


async def test_no_pods_are_asked_about_what_was_no_hook():
    cluster = MemoryCluster()
    cluster.set_objects(pod({"terminated": {"exitCode": 3}}))
    assert await of_hooks(failure("values_rejected"), (), cluster, "n") == failure("values_rejected")
    assert cluster.calls == []
