"""Why a hook failed: Helm says only that its Job failed or took too long, its pods say why."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from slipway.clock import settle
from slipway.domain.failures import Failure, FailureClass
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.failing import OperationFailed, transient
from slipway_executor.helm.memory import MemoryHelm
from slipway_executor.helm.port import Deadline
from slipway_executor.helm.witnessed import WitnessedHelm
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


async def test_nothing_is_said_of_a_hook_while_the_cluster_cannot_be_asked():
    """Helm tells any trouble while it waits as the hook's own."""
    cluster = MemoryCluster()
    cluster.failures["live"] = transient("cluster_unavailable", "the API server answered 500")
    told = await of_hooks(msgspec.structs.replace(failure(), failure_class=FailureClass.TERMINAL), (), cluster, "n")
    assert (told.code, told.failure_class) == ("cluster_unavailable", FailureClass.TRANSIENT)
    assert told.reason == "the API server answered 500 (hook migrate failed)"


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


async def test_the_newest_pod_speaks_first():
    pods = [pod({"terminated": {"exitCode": code}}) for code in (1, 2)]
    for each, made in zip(pods, ("2026-01-01T00:00:00Z", "2026-01-01T00:00:10Z"), strict=True):
        each["metadata"]["creationTimestamp"] = made
    told = await of_hooks(failure(), pods, MemoryCluster(), "n")
    assert told.reason.endswith("exit code 2")


class Failing(MemoryHelm):
    """Does `work` while it uninstalls, and fails."""

    def __init__(self, cluster: MemoryCluster, work: Callable[[], Awaitable[None]]) -> None:
        super().__init__(cluster)
        self._work = work

    async def uninstall(self, *arguments: object, **named: object) -> None:
        await self._work()
        raise OperationFailed(failure())


def meta(kind: str, name: str, *, owner: str = "", hook: bool = False) -> dict[str, Any]:
    owners = [{"kind": "Job", "uid": owner}] if owner else []
    annotations = {"helm.sh/hook": "pre-delete"} if hook else {}
    return {
        "kind": kind,
        "metadata": {"name": name, "uid": name, "ownerReferences": owners, "annotations": annotations},
    }


async def test_helms_own_program_is_witnessed_by_the_pods_of_this_trys_hooks():
    """Neither by those of the try before, nor by the application's own Jobs; what is gone by the end counts."""
    cluster = MemoryCluster()
    before = [meta("Job", "old", hook=True), meta("Pod", "old-x", owner="old")]
    cluster.set_objects(*before)

    async def work() -> None:
        cluster.set_objects(
            *before, meta("Job", "cron"), meta("Pod", "cron-x", owner="cron"), meta("Pod", "web"),
            meta("Job", "gate", hook=True), meta("Pod", "gate-x", owner="gate"), meta("Pod", "bare", hook=True),
        )  # fmt: skip
        await settle()
        cluster.set_objects()
        await settle()

    with pytest.raises(OperationFailed) as caught:
        await WitnessedHelm(Failing(cluster, work), cluster).uninstall("r", "n", Deadline(1e9))
    assert [each["metadata"]["name"] for each in caught.value.hook_pods] == ["gate-x", "bare"]


@pytest.mark.parametrize("steps", range(6))
async def test_an_operation_ends_though_a_pod_changes_as_it_does(steps: int):
    """A wait that returns in place of being cancelled went on looking for ever."""
    cluster = MemoryCluster()

    async def work() -> None:
        await settle()
        cluster.set_objects(meta("Pod", "web"))
        for _ in range(steps):
            await asyncio.sleep(0)

    with pytest.raises(OperationFailed):
        await asyncio.wait_for(WitnessedHelm(Failing(cluster, work), cluster).uninstall("r", "n", Deadline(1e9)), 30)
