"""A ticker runs its pass now, when woken and when the interval is over, and outlives failing passes."""

import asyncio
from collections.abc import Awaitable, Callable

from slipway.clock import ManualClock, settle
from slipway.lifecycle import Ticker


class Passes:
    def __init__(self, failing: int = 0) -> None:
        self.count = 0
        self.failing = failing

    async def run_once(self) -> None:
        self.count += 1
        if self.count <= self.failing:
            raise ConnectionError("away")


async def running(ticker: Ticker, play: Callable[[], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(ticker.run(stop))
    await settle()
    await play()
    stop.set()
    await asyncio.wait_for(task, 5)


async def test_it_runs_at_once_then_at_every_interval():
    clock, passes = ManualClock(), Passes()

    async def play() -> None:
        assert passes.count == 1
        await clock.advance(9)
        assert passes.count == 1
        await clock.advance(1)
        assert passes.count == 2

    await running(Ticker(passes.run_once, interval=10, name="t", clock=clock), play)


async def test_a_wake_brings_a_pass_before_the_interval_is_over():
    clock, passes = ManualClock(), Passes()
    ticker = Ticker(passes.run_once, interval=10, name="t", clock=clock)

    async def play() -> None:
        ticker.wake()
        await settle()
        assert passes.count == 2

    await running(ticker, play)


async def test_a_failing_pass_is_tried_again_with_growing_pauses():
    clock, passes = ManualClock(), Passes(failing=2)

    async def play() -> None:
        assert passes.count == 1
        await clock.advance(0.4)
        assert passes.count == 2
        await clock.advance(0.4)
        assert passes.count == 2
        await clock.advance(0.4)
        assert passes.count == 3

    await running(Ticker(passes.run_once, interval=10, name="t", clock=clock), play)


async def test_a_manual_clock_forgets_sleepers_that_were_cancelled():
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(5))
    await settle()
    assert clock.sleepers == 1
    task.cancel()
    await settle()
    assert clock.sleepers == 0
