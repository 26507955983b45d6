"""How far jobs are, told to whoever looks."""

from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest

from slipway.clock import ManualClock
from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import Action, Command, JobPhase, Progress
from slipway_executor.control import Control
from slipway_executor.progress import AGAIN_SEC, ProgressTeller


def command() -> Command:
    return Command(
        job=new_id(), fence=1, generation=3, attempt=0, reason="create", action=Action.APPLY, cluster="local",
        installation=UUID(int=1), deployment=new_id(), owner=new_id(), namespace="n", release="n",
    )  # fmt: skip


class World:
    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.jobs: list[tuple[Command, Control]] = []
        self.clock = ManualClock()
        self.teller = ProgressTeller(self.broker, self.clock, lambda: self.jobs)
        self.heard: list[tuple[str, Progress]] = []

    async def hear(self, subject: str, data: bytes) -> None:
        self.heard.append((subject, msgspec.json.decode(data, type=Progress)))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    async with made.broker.listen(subjects.PROGRESS_ALL, made.hear):
        yield made


async def test_a_job_is_told_when_it_has_got_further(world: World):
    wanted, control = command(), Control()
    world.jobs = [(wanted, control)]
    assert [await world.teller.run_once() for _ in range(2)] == [1, 0], "the same is no news"
    control.phase = JobPhase.WATCHING
    for ready in (1, 2):
        control.count(ready, 2)
    assert await world.teller.run_once() == 1, "once, however often it changed in between"
    (subject, first), (_, last) = world.heard
    await world.clock.advance(AGAIN_SEC)
    assert await world.teller.run_once() == 1, "somebody may have begun to look"
    assert subject == f"slipway.progress.v1.local.{wanted.deployment}"
    assert (first.phase, first.total, first.owner) == (JobPhase.APPLYING, 0, wanted.owner)
    assert (last.phase, last.ready, last.total, last.generation) == (JobPhase.WATCHING, 2, 2, 3)


async def test_jobs_are_told_each_by_itself_and_forgotten_when_they_end(world: World):
    world.jobs = [(command(), Control()), (command(), Control())]
    assert await world.teller.run_once() == 2
    world.jobs = []
    assert (await world.teller.run_once(), world.teller._told) == (0, {})


async def test_nobody_is_held_up_when_there_is_no_connection(world: World):
    world.broker.connected = False
    world.jobs = [(command(), Control())]
    await world.teller.run_once()
    assert world.heard == []
