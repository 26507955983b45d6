"""However many questions come, an executor answers a few at a time, lets some wait, and tells the others to come again."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from slipway.clock import settle
from slipway.identity import new_id
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import encode
from slipway.messaging.queries import NOTES, Answered, NotesRead, Place, ReadLogs, ReadNotes
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.cluster.port import LogRequest, Namespace
from slipway_executor.failing import OperationFailed
from slipway_executor.insight.logs import FOLLOWERS, Logs
from slipway_executor.queries import AT_ONCE, WAITING, Queries
from tests.support.told import metric

PLACE = Place(installation=new_id(), deployment=new_id(), namespace="n", release="n")
QUESTION = encode(ReadNotes(place=PLACE))


class Notes:
    """Answers when it is let, and knows how many it answers at once."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.at_once = 0
        self.most = 0

    async def __call__(self, _: ReadNotes) -> NotesRead:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.open.wait()
        self.at_once -= 1
        return NotesRead(notes="hello")


def counted() -> list[float]:
    return [metric("slipway_executor_queries_total", kind=NOTES, result=each) for each in ("ok", "busy", "failed")]


async def test_a_few_are_answered_at_once_some_wait_and_the_others_are_told_to_come_again():
    notes = Notes()
    queries = Queries({NOTES: notes})
    before = counted()
    held = [asyncio.create_task(queries.answer(f"q.{NOTES}", QUESTION)) for _ in range(WAITING)]
    await settle(100)
    assert notes.at_once == AT_ONCE
    refused = await asyncio.wait_for(queries.answer(f"q.{NOTES}", QUESTION), 30)
    failure = msgspec.json.decode(refused or b"", type=Answered).failure
    assert failure is not None
    assert (failure.code, failure.failure_class) == ("busy", "transient")
    notes.open.set()
    answers = [msgspec.json.decode(each or b"", type=NotesRead) for each in await asyncio.gather(*held)]
    assert {(each.notes, each.failure) for each in answers} == {("hello", None)}, "those that waited too"
    assert notes.most == AT_ONCE
    later = await queries.answer(f"q.{NOTES}", QUESTION)
    assert msgspec.json.decode(later or b"", type=NotesRead).notes == "hello"
    await queries.answer(f"q.{NOTES}", b"{")
    assert [after - earlier for after, earlier in zip(counted(), before, strict=True)] == [WAITING + 1, 1, 1]


class Talking(MemoryCluster):
    """Its pods do not end until they are let."""

    def __init__(self) -> None:
        super().__init__()
        self.end = asyncio.Event()
        self.namespaces["n"] = Namespace(
            name="n", uid="u", installation=str(PLACE.installation), deployment=str(PLACE.deployment), tenant="t"
        )

    async def follow_logs(self, namespace: str, wanted: LogRequest) -> AsyncIterator[bytes]:
        yield b"a line\n"
        await self.end.wait()


async def test_so_many_logs_are_followed_and_no_more():
    cluster, broker = Talking(), MemoryBroker()
    logs = Logs(cluster, broker)
    ended: list[str] = []

    async def heard(subject: str, data: bytes) -> None:
        if not data:
            ended.append(subject)

    async def follow(number: int) -> Any:
        return await logs(ReadLogs(place=PLACE, pod="web-0", tail=5, follow_to=f"follow.{number}"))

    async with broker.listen("follow.*", heard):
        for number in range(FOLLOWERS):
            await follow(number)
        with pytest.raises(OperationFailed) as refused:
            await follow(FOLLOWERS)
        assert refused.value.failure.code == "busy"
        cluster.end.set()
        await settle(200)
        assert len(ended) == FOLLOWERS, "each is told when it ends"
        await follow(FOLLOWERS)
    await logs.close()
