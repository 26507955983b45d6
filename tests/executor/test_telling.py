"""Executors measure Helm, count what they hold, and work in the trace of the command."""

import asyncio
import sys

import pytest

from slipway.clock import settle
from slipway.telemetry import tracing
from slipway_executor.app import _helm_is_there
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.failing import OperationFailed, transient
from slipway_executor.helm.memory import MemoryHelm
from slipway_executor.helm.observed import ObservedHelm
from slipway_executor.helm.port import Deadline
from slipway_executor.helm.resident import held_below
from slipway_executor.telling import tell_helm_memory
from tests.executor.world import UNREADY, World
from tests.support.told import metric, recording

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Stopped(MemoryHelm):
    """Its operations are stopped from outside."""

    async def uninstall(self, *arguments: object, **named: object) -> None:
        raise asyncio.CancelledError


def operations(action: str, result: str) -> float:
    return metric("slipway_helm_operation_duration_seconds_count", action=action, result=result)


async def test_helm_is_measured_by_action_and_result():
    helm = MemoryHelm(MemoryCluster())
    observed, deadline = ObservedHelm(helm), Deadline(1e9)
    before = operations("uninstall", "ok"), operations("uninstall", "failed"), operations("uninstall", "stopped")
    with recording() as recorder:
        await observed.uninstall("r", "n", deadline)
        helm.failure = transient("cluster_unavailable", "away")
        with pytest.raises(OperationFailed):
            await observed.uninstall("r", "n", deadline)
        with pytest.raises(asyncio.CancelledError):
            await ObservedHelm(Stopped(MemoryCluster())).uninstall("r", "n", deadline)
    after = operations("uninstall", "ok"), operations("uninstall", "failed"), operations("uninstall", "stopped")
    assert after == tuple(each + 1 for each in before)
    assert [span.failure for span in recorder.spans] == [None, "cluster_unavailable", "CancelledError"]


async def test_a_job_runs_in_the_trace_of_its_command(world: World):
    with recording() as recorder:
        command = await world.send(traceparent=PARENT)
        await world.pull()
        reports = await world.reports()
    run = recorder.named("job run")
    assert run.parent == tracing.parse(PARENT)
    assert recorder.named("job claim").place.traceparent == world.claims[0].traceparent
    assert {report.traceparent for report in reports} == {run.place.traceparent}
    assert {recorder.named(name).parent for name in ("check", "step apply")} == {run.place}
    assert {span.place.trace_id for span in recorder.spans} == {run.place.trace_id}
    assert run.attributes["slipway.deployment"] == str(command.deployment)
    assert run.attributes["slipway.outcome"] == "done"


async def test_slots_and_held_jobs_are_shown(world: World):
    world.worker.tell_metrics()
    world.helm.gate.clear()
    await world.send()
    await world.pull()
    assert (metric("slipway_executor_slots", state="busy"), metric("slipway_executor_jobs", phase="applying")) == (1, 1)
    world.cluster.objects = [UNREADY]
    world.helm.gate.set()
    await settle(200)
    assert (metric("slipway_executor_slots", state="busy"), metric("slipway_executor_jobs", phase="watching")) == (0, 1)
    assert metric("slipway_executor_slots", state="free") == 2
    await world.worker.shut_down()


HOLDING = "import subprocess, sys; own = b'x' * {own}; {more}; print('held', flush=True); sys.stdin.read()"
"""A program that holds so many bytes until its input ends, and does something more before it says so."""
BEARING = "child = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE); child.stdout.readline()"
MIB = 2**20


async def test_the_memory_of_helms_processes_is_told_with_that_of_theirs():
    tell_helm_memory()
    grandchild = HOLDING.format(own=60 * MIB, more="pass")
    child = HOLDING.format(own=70 * MIB, more=BEARING.format(child=grandchild))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", child, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    assert await process.stdout.readline() == b"held\n"
    assert 60 * MIB < held_below(process.pid) < 120 * MIB
    assert metric("slipway_helm_memory_bytes") > 130 * MIB
    process.stdin.close()
    await process.wait()
    assert held_below(process.pid) == 0


async def test_a_missing_helm_is_noticed():
    await _helm_is_there("/nowhere/helm-engine", "sh")
    with pytest.raises(FileNotFoundError):
        await _helm_is_there("off", "/nowhere/helm")
