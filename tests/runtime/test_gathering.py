"""Single wishes that become batches."""

import asyncio

import pytest

from slipway.clock import settle
from slipway.gathering import Gathering, Turn


class Work:
    """Doubles numbers, when it is let; notes its batches. It refuses 13, and never takes a negative one in company."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.let = asyncio.Event()

    async def __call__(self, items: list[int]) -> list[int | Turn]:
        self.batches.append(items)
        await self.let.wait()
        if 13 in items:
            raise ValueError("not that one")
        return [Turn.ALONE if item < 0 and len(items) > 1 else item * 2 for item in items]


async def test_what_comes_meanwhile_is_the_next_batch():
    work = Work()
    gathering = Gathering[int, int](work, most=3)
    first = asyncio.create_task(gathering.put(1))
    await settle()
    others = [asyncio.create_task(gathering.put(number)) for number in range(2, 7)]
    await settle()
    assert work.batches == [[1]], "the first waits for nobody"
    work.let.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10, 12]
    assert work.batches == [[1], [2, 3, 4], [5, 6]]


async def test_one_that_fails_spoils_only_itself():
    work = Work()
    work.let.set()
    gathering = Gathering[int, int](work, most=10)
    results = await asyncio.gather(*(gathering.put(number) for number in (1, 13, 2)), return_exceptions=True)
    assert (results[0], results[2]) == (2, 4)
    assert isinstance(results[1], ValueError)
    assert work.batches == [[1, 13, 2], [1], [13], [2]]


async def test_one_that_its_batch_cannot_wait_for_is_worked_on_alone():
    work = Work()
    work.let.set()
    gathering = Gathering[int, int](work, most=10)
    assert await asyncio.gather(*(gathering.put(number) for number in (1, -1, 2))) == [2, -2, 4]
    assert work.batches == [[1, -1, 2], [-1]]


async def test_who_waits_no_more_is_left_out():
    work = Work()
    gathering = Gathering[int, int](work, most=10)
    first = asyncio.create_task(gathering.put(1))
    await settle()
    second, third = asyncio.create_task(gathering.put(2)), asyncio.create_task(gathering.put(3))
    await settle()
    second.cancel()
    await settle()
    work.let.set()
    assert await asyncio.gather(first, third) == [2, 6]
    with pytest.raises(asyncio.CancelledError):
        await second
    assert work.batches == [[1], [3]]
