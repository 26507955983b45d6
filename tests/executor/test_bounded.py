"""However many jobs go back at one moment, so many Helm operations run as the executor has slots: its pod has no more memory."""

import asyncio
from pathlib import Path
from typing import Any

from slipway.clock import settle
from slipway_executor.app import choose_helm
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.helm.bounded import BoundedHelm
from slipway_executor.helm.port import Deadline, Release, Rendered
from slipway_executor.settings import ExecutorSettings

RELEASE = Release(name="r", namespace="n", chart=Path("chart.tgz"), values={})
DEADLINE = Deadline(1e9)


class Busy:
    """A Helm whose operations last until the gate is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.running = self.done = 0

    async def _run(self, *arguments: Any, **named: Any) -> None:
        self.running += 1
        try:
            await self.gate.wait()
        finally:
            self.running -= 1
        self.done += 1

    apply = roll_back = test = uninstall = _run

    async def render(self, release: Release, *, on_server: bool) -> Rendered:
        await self._run()
        return Rendered(objects=())


async def test_a_wave_of_rollbacks_tests_and_previews_runs_as_many_at_once_as_there_are_slots():
    busy = Busy()
    helm = BoundedHelm(busy, at_once=2)
    wave = [
        asyncio.create_task(each)
        for _ in range(3)
        for each in (
            helm.roll_back(RELEASE, 1, DEADLINE),
            helm.test(RELEASE, DEADLINE),
            helm.render(RELEASE, on_server=True),
            helm.apply(RELEASE, DEADLINE),
            helm.uninstall("r", "n", DEADLINE),
        )
    ]
    await settle(100)
    assert busy.running == 2
    wave[0].cancel()
    await settle(100)
    assert busy.running == 2, "the turn of the cancelled one is the next one's"
    busy.gate.set()
    await asyncio.gather(*wave, return_exceptions=True)
    assert busy.done == 14


async def test_an_executor_has_as_many_turns_as_slots(tmp_path: Path):
    settings = ExecutorSettings(nats_url="", slots=3, helm_engine="off")
    async with choose_helm(settings, MemoryCluster(), tmp_path) as helm:
        assert isinstance(helm, BoundedHelm)
        assert helm.at_once == 3
