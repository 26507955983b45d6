"""Live questions are bounded: by a deadline each, and all together by the turns of a process."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import encode
from slipway.messaging.queries import NOTES, NotesRead, Place, ReadNotes
from slipway_api.operations.asking import ask, told
from slipway_api.problems import ApiError
from slipway_api.turns import AT_ONCE, OF_ONE, RETRY_SEC, Turns

QUESTION = ReadNotes(place=Place(installation=new_id(), deployment=new_id(), namespace="n", release="n"))


class Asker:
    """An API and its executors, who answer when they are let."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.deps: Any = SimpleNamespace(broker=self.broker, turns=Turns(of_one=OF_ONE, most=AT_ONCE))
        self.open = asyncio.Event()
        self.asked = 0
        self.all_asked = asyncio.Event()

    async def answer(self, _: str, __: bytes) -> bytes:
        self.asked += 1
        if self.asked == AT_ONCE:
            self.all_asked.set()
        await self.open.wait()
        return encode(NotesRead(notes="hello"))

    async def ask(self, timeout: float = 60.0) -> str:
        found = await told(self.deps, "local", NOTES, QUESTION, NotesRead, who=new_id(), timeout=timeout)
        return found.notes


@pytest.fixture
async def asker() -> Asker:
    return Asker()


async def test_an_answer_that_does_not_come_in_time_is_not_waited_for(asker: Asker):
    async with asker.broker.respond(subjects.queries("local"), asker.answer, group="executors"):
        with pytest.raises(ApiError, match="did not answer in time") as late:
            await asker.ask(timeout=0.01)
        assert (late.value.code, late.value.retry_after) == ("unavailable", RETRY_SEC)
        asker.open.set()
        assert await asker.ask() == "hello", "and its turn was given back"


async def test_more_than_a_process_may_have_open_are_told_to_come_again(asker: Asker):
    async with asker.broker.respond(subjects.queries("local"), asker.answer, group="executors"):
        held = [asyncio.create_task(asker.ask()) for _ in range(AT_ONCE)]
        await asyncio.wait_for(asker.all_asked.wait(), 30)
        with pytest.raises(ApiError, match="too many live questions") as refused:
            await asker.ask()
        assert (refused.value.code, refused.value.retry_after) == ("unavailable", RETRY_SEC)
        assert asker.asked == AT_ONCE, "it did not reach an executor"
        asker.open.set()
        assert await asyncio.gather(*held) == ["hello"] * AT_ONCE
        assert await asker.ask() == "hello"


async def test_a_turn_is_given_back_by_whoever_leaves(asker: Asker):
    async with asker.broker.respond(subjects.queries("local"), asker.answer, group="executors"):
        held = [asyncio.create_task(asker.ask()) for _ in range(AT_ONCE)]
        await asyncio.wait_for(asker.all_asked.wait(), 30)
        for each in held:
            each.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        asker.open.set()
        assert await asker.ask() == "hello"


async def test_where_nobody_is_one_is_told_so(asker: Asker):
    for broker in (asker.broker, None):
        asker.deps.broker = broker
        with pytest.raises(ApiError, match="no executor of cluster local answers"):
            await ask(asker.deps, "local", NOTES, QUESTION, NotesRead, who=new_id())
