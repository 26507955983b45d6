"""The engine as a process: it writes nothing beyond its right, dies with its executor, and is replaced when it is gone."""

import asyncio
import os
import re
import resource
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from slipway.dev.build import Binaries
from slipway.dev.process import start_ticks
from slipway_executor.failing import OperationFailed
from slipway_executor.helm.engine.adapter import HelmEngine, engine_helm
from slipway_executor.helm.engine.child import Child
from slipway_executor.helm.engine.pool import OPERATIONS
from slipway_executor.helm.port import Deadline
from tests.helm import charts
from tests.helm.between import standing
from tests.helm.charts import config_map
from tests.helm.place import Place

pytestmark = pytest.mark.servers

MANY = 200
PLAIN = {"templates/all.yaml": config_map("settings", data='{colour: "{{ .Values.colour }}"}')}
SLOW = {"templates/all.yaml": f"{{{{ range until {MANY} }}}}{config_map('many-{{ . }}')}{{{{ end }}}}"}


@pytest.fixture
async def helm(binaries: Binaries, kubeconfig: Path, tmp_path: Path) -> AsyncIterator[HelmEngine]:
    """An engine that sends few requests a second: an operation of many objects lasts."""
    found = engine_helm(str(binaries.helm_engine), kubeconfig=str(kubeconfig), work=tmp_path, idle=2, qps=20)
    yield found
    await found.close()


def child_of(helm: HelmEngine) -> Child:
    [child] = helm._pool._all
    return child


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


async def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end, what
        await asyncio.sleep(0.02)


async def some(place: Place) -> int:
    """Wait until some of the many objects are there; return how many."""
    while not (found := len(await place.objects())):
        await asyncio.sleep(0)
    return found


async def gone(pid: int) -> None:
    await until(lambda: start_ticks(pid) is None, "the process has ended")


async def failed(applying: asyncio.Task[None]) -> str:
    with pytest.raises(OperationFailed) as caught:
        await applying
    return caught.value.failure.code


async def test_at_its_deadline_it_ends_and_writes_no_more(helm: HelmEngine, place: Place, tmp_path: Path):
    deadline = charts.within(600)
    release = charts.release(charts.packed(tmp_path, SLOW), place.namespace)
    applying = asyncio.create_task(helm.apply(release, deadline))
    await some(place)
    pid = child_of(helm).pid
    deadline.cut(now() + 0.2)
    assert await failed(applying) == "helm_killed"
    await gone(pid)
    left = len(await place.objects())
    assert 0 < left < MANY
    assert [each["info"]["status"] for each in await place.releases()] == ["pending-install"]


async def test_told_to_stop_it_leaves_a_hook_at_once(helm: HelmEngine, place: Place, tmp_path: Path):
    """Without the hour that an apply would be left; the record says what was begun."""
    deadline = charts.within(600)
    endless = charts.job("gate", "pre-install").replace("/ends:1", "/slipway-test/pull-fails:1")
    release = charts.release(
        charts.packed(tmp_path, {"templates/all.yaml": endless}), place.namespace, hook_timeout_sec=600
    )
    applying = asyncio.create_task(helm.apply(release, deadline))
    await until(lambda: deadline.waits, "it waits for the hook")
    pid = child_of(helm).pid
    deadline.stop(now(), grace_sec=3600)
    assert await failed(applying) == "helm_killed"
    await gone(pid)
    assert [each["info"]["status"] for each in await place.releases()] == ["pending-install"]


class Stopping(Deadline):
    """A deadline that is told to stop as soon as the last of some hooks is over."""

    def __init__(self, hooks: int) -> None:
        super().__init__(now() + 600)
        self.left = hooks

    def hear(self, *, waits: bool) -> None:
        over = self.waits and not waits
        super().hear(waits=waits)
        if over and (left := self.left - 1) >= 0:
            self.left = left
            if not left:
                self.stop(now(), grace_sec=600)


async def test_told_to_stop_after_its_hooks_it_gets_its_record_done(helm: HelmEngine, place: Place, tmp_path: Path):
    """A hook's end is told: until now the wait for it seemed to last, and a stop left all applied and pending."""
    deadline = Stopping(hooks=2)
    chart = charts.packed(tmp_path, {f"templates/{name}.yaml": charts.job(name, "post-install") for name in ("a", "b")})
    await helm.apply(charts.release(chart, place.namespace), deadline)
    assert deadline.left == 0
    assert [each["info"]["status"] for each in await place.releases()] == ["deployed"]


async def test_told_to_stop_it_gets_done_what_it_applies(helm: HelmEngine, place: Place, tmp_path: Path):
    deadline = charts.within(600)
    applying = asyncio.create_task(helm.apply(charts.release(charts.packed(tmp_path, SLOW), place.namespace), deadline))
    await some(place)
    deadline.stop(now(), grace_sec=600)
    await applying
    assert len(await place.objects()) == MANY


async def test_stopped_beyond_its_deadline_it_writes_nothing_when_it_wakes(
    helm: HelmEngine, place: Place, tmp_path: Path
):
    deadline = Deadline(now() + 20.0)
    applying = asyncio.create_task(helm.apply(charts.release(charts.packed(tmp_path, SLOW), place.namespace), deadline))
    await some(place)
    pid = child_of(helm).pid
    os.kill(pid, signal.SIGSTOP)
    await until(lambda: now() > deadline.at, "the deadline passes")
    left = len(await place.objects())
    os.kill(pid, signal.SIGCONT)
    assert await failed(applying) == "helm_killed"
    await gone(pid)
    assert len(await place.objects()) == left < MANY


async def test_the_server_is_told_when_a_write_is_over(
    binaries: Binaries, kubeconfig: Path, place: Place, tmp_path: Path
):
    """Row 7: what hangs in a webhook is not stored when a successor writes: so many seconds after the deadline."""
    async with standing(binaries, kubeconfig, tmp_path) as (config, between):
        helm = engine_helm(
            str(binaries.helm_engine), kubeconfig=str(config), work=tmp_path, idle=1, qps=100, request_sec=15
        )
        try:
            await helm.apply(charts.release(charts.packed(tmp_path, PLAIN), place.namespace), charts.within(60))
        finally:
            await helm.close()
    told = [int(found[1]) for line in between.written if (found := re.search(r"[?&]timeout=(\d+)s", line))]
    assert len(told) == len(between.written) >= 3, "the record, the object, the record again"
    assert all(15 <= seconds <= 75 for seconds in told)


async def test_stopped_while_its_right_is_extended_it_goes_on(helm: HelmEngine, place: Place, tmp_path: Path):
    deadline = Deadline(now() + 20.0)
    applying = asyncio.create_task(helm.apply(charts.release(charts.packed(tmp_path, SLOW), place.namespace), deadline))
    await some(place)
    end = deadline.at
    os.kill(child_of(helm).pid, signal.SIGSTOP)
    deadline.extend(now() + 600)
    await until(lambda: now() > end, "the first deadline passes")
    os.kill(child_of(helm).pid, signal.SIGCONT)
    await applying
    assert len(await place.objects()) == MANY


async def test_a_closed_input_ends_it_in_the_middle(helm: HelmEngine, place: Place, tmp_path: Path):
    release = charts.release(charts.packed(tmp_path, SLOW), place.namespace)
    applying = asyncio.create_task(helm.apply(release, charts.within(600)))
    await some(place)
    child = child_of(helm)
    assert child._process.stdin is not None
    child._process.stdin.close()
    assert await failed(applying) == "helm_killed"
    await gone(child.pid)
    assert 0 < len(await place.objects()) < MANY


async def test_a_cancelled_operation_takes_its_process_with_it(helm: HelmEngine, place: Place, tmp_path: Path):
    release = charts.release(charts.packed(tmp_path, SLOW), place.namespace)
    applying = asyncio.create_task(helm.apply(release, charts.within(600)))
    await some(place)
    pid = child_of(helm).pid
    applying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await applying
    assert start_ticks(pid) is None
    assert not helm._pool._all


async def test_a_passed_deadline_lets_nothing_happen(helm: HelmEngine, place: Place, tmp_path: Path):
    release = charts.release(charts.packed(tmp_path, PLAIN), place.namespace)
    with pytest.raises(OperationFailed) as caught:
        await helm.apply(release, Deadline(now() - 1))
    assert caught.value.failure.code == "helm_killed"
    assert (await place.objects(), await place.releases()) == ([], [])


async def test_another_takes_the_place_of_one_that_died(helm: HelmEngine, place: Place, tmp_path: Path):
    chart = charts.packed(tmp_path, PLAIN)
    await helm.apply(charts.release(chart, place.namespace), charts.within())
    first = child_of(helm)
    os.kill(first.pid, signal.SIGKILL)
    await until(lambda: not first.alive, "its end is seen")
    await helm.apply(charts.release(chart, place.namespace), charts.within())
    assert child_of(helm).pid != first.pid


async def test_a_worn_process_is_replaced(helm: HelmEngine, place: Place, tmp_path: Path):
    release = charts.release(charts.packed(tmp_path, PLAIN), place.namespace)
    await helm.render(release, on_server=False)
    first = child_of(helm)
    first.operations = OPERATIONS - 1
    await helm.render(release, on_server=False)
    assert start_ticks(first.pid) is None
    await helm.render(release, on_server=False)
    assert child_of(helm).operations == 1


async def test_a_chart_that_takes_all_memory_ends_its_own_process_only(helm: HelmEngine, place: Place, tmp_path: Path):
    bomb = '{{ $x := repeat 1000 "0123456789" }}{{ range until 40 }}{{ $x = cat $x $x }}{{ end }}'
    with pytest.raises(OperationFailed) as caught:
        await helm.render(
            charts.release(charts.packed(tmp_path, {"templates/a.yaml": bomb}), place.namespace), on_server=False
        )
    assert caught.value.failure.code in ("template_failed", "helm_failed")
    await helm.render(charts.release(charts.packed(tmp_path, PLAIN), place.namespace), on_server=True)


@pytest.mark.parametrize(("memory_mib", "enough"), [(1024, True), (128, False)])
async def test_an_operation_takes_no_more_memory_than_it_may(
    binaries: Binaries, kubeconfig: Path, tmp_path: Path, memory_mib: int, enough: bool
):
    held = '{{ $x := repeat 26214400 "0123456789" }}{{ range until 3000000 }}{{ end }}{{ $y := len $x }}'
    chart = charts.packed(tmp_path, {"templates/a.yaml": held})
    helm = engine_helm(
        str(binaries.helm_engine), kubeconfig=str(kubeconfig), work=tmp_path, idle=1, qps=20, memory_mib=memory_mib
    )
    try:
        if enough:
            await helm.render(charts.release(chart, "x"), on_server=False)
        else:
            with pytest.raises(OperationFailed) as caught:
                await helm.render(charts.release(chart, "x"), on_server=False)
            assert "SLIPWAY_HELM_MEMORY_MIB" in caught.value.failure.reason
    finally:
        await helm.close()


@pytest.mark.parametrize("memory_mib", [64, 8192])
async def test_an_operation_may_map_what_it_may_use_and_more(
    binaries: Binaries, kubeconfig: Path, tmp_path: Path, memory_mib: int
):
    helm = engine_helm(
        str(binaries.helm_engine), kubeconfig=str(kubeconfig), work=tmp_path, idle=1, qps=20, memory_mib=memory_mib
    )
    chart = charts.packed(tmp_path, PLAIN)
    try:
        await helm.render(charts.release(chart, "x"), on_server=False)
        pid, most = child_of(helm).pid, (memory_mib + 3072) * 2**20
        await until(lambda: resource.prlimit(pid, resource.RLIMIT_AS) == (most, most), "it has limited itself")
    finally:
        await helm.close()


async def test_a_chart_that_prints_too_much_is_refused(helm: HelmEngine, tmp_path: Path):
    wide = (
        "{{ range until 20000 }}" + config_map("c-{{ . }}", data='{t: "{{ repeat 100 "0123456789" }}"}') + "{{ end }}"
    )
    with pytest.raises(OperationFailed) as caught:
        await helm.render(charts.release(charts.packed(tmp_path, {"templates/a.yaml": wide}), "x"), on_server=False)
    assert caught.value.failure.code == "rendered_too_large"


async def test_a_missing_engine_needs_a_person(tmp_path: Path):
    helm = engine_helm("/nowhere/helm-engine", kubeconfig="", work=tmp_path, idle=1, qps=100)
    with pytest.raises(OperationFailed) as caught:
        await helm.uninstall("x", "y", charts.within())
    assert caught.value.failure.code == "helm_missing"
