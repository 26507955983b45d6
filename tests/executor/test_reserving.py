"""Asking whether the quota allows it: a server that restarts is waited for, one that stays away is said so."""

import asyncio

import msgspec
import pytest

from slipway.clock import ManualClock
from slipway.domain.usage import Usage
from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import Action, Chart, Command, Reserved, encode
from slipway_executor.failing import OperationFailed
from slipway_executor.reserving import AGAIN_SEC, PATIENCE_SEC, Reserving

COMMAND = Command(
    job=new_id(), fence=1, generation=1, attempt=0, reason="create", action=Action.APPLY, cluster="local",
    installation=new_id(), deployment=new_id(), owner=new_id(), namespace="n", release="n",
    chart=Chart(builtin="web-service"), digest="d" * 40,
)  # fmt: skip


async def granted(_: str, __: bytes) -> bytes:
    return encode(Reserved(held=True))


async def test_a_server_that_comes_back_is_waited_for():
    broker, clock = MemoryBroker(), ManualClock()
    broker.connected = False
    asking = asyncio.create_task(Reserving(broker, clock, cluster="local", instance="e1")(COMMAND, Usage()))
    await clock.advance(AGAIN_SEC)
    assert not asking.done()
    broker.connected = True
    async with broker.respond(subjects.RESERVE_ALL, granted, group="schedulers"):
        await clock.advance(AGAIN_SEC)
        await asyncio.wait_for(asking, 30)


@pytest.mark.parametrize(("asked", "is_asked"), [(300, False), (301, True)])
async def test_what_is_granted_already_is_not_asked_for(asked: int, is_asked: bool):
    broker, wishes = MemoryBroker(), list[bytes]()

    async def noted(_: str, wish: bytes) -> bytes:
        wishes.append(wish)
        return encode(Reserved(held=True))

    command = msgspec.structs.replace(COMMAND, granted=Usage(cpu_milli=300))
    async with broker.respond(subjects.RESERVE_ALL, noted, group="schedulers"):
        await Reserving(broker, ManualClock(), cluster="local", instance="e1")(command, Usage(cpu_milli=asked))
    assert bool(wishes) is is_asked


async def test_one_that_stays_away_is_said_so():
    broker, clock = MemoryBroker(), ManualClock()
    asking = asyncio.create_task(Reserving(broker, clock, cluster="local", instance="e1")(COMMAND, Usage()))
    for _ in range(int(PATIENCE_SEC / AGAIN_SEC) + 2):
        await clock.advance(AGAIN_SEC)
    with pytest.raises(OperationFailed) as failed:
        await asyncio.wait_for(asking, 30)
    assert failed.value.failure.code == "quota_unknown"
