"""A ticker runs its pass now, when woken and when the interval is over, and outlives failing passes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from slipway.clock import ManualClock, settle
from slipway.lifecycle import Ticker, end, first_of
from tests.support.told import metric


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


async def test_many_wakes_are_met_together_and_a_lone_one_at_once():
    clock, passes = ManualClock(), Passes()
    ticker = Ticker(passes.run_once, interval=10, name="t", apart=0.5, clock=clock)

    async def play() -> None:
        for _ in range(20):
            ticker.wake()
            await clock.advance(0.02)
        assert passes.count == 1, "the first pass was less than half a second ago"
        await clock.advance(0.2)
        assert passes.count == 2
        await clock.advance(1)
        ticker.wake()
        await settle()
        assert passes.count == 3

    await running(ticker, play)


@pytest.mark.parametrize(("met", "apart"), [(0, 0.5), (1, 0.5), (3, 1.5), (200, 2.0)])
async def test_the_more_a_pass_has_met_the_later_the_next_begins(met: int, apart: float):
    clock, begun = ManualClock(), list[float]()

    async def run_once() -> int:
        begun.append(clock.monotonic())
        return met

    ticker = Ticker(run_once, interval=10, name="t", apart=0.5, stretch=4, clock=clock)

    async def play() -> None:
        ticker.wake()
        for _ in range(40):
            await clock.advance(0.1)
        assert begun[1] - begun[0] == pytest.approx(apart)

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


async def test_passes_are_counted():
    clock, passes = ManualClock(), Passes(failing=1)

    async def play() -> None:
        await clock.advance(1)

    await running(Ticker(passes.run_once, interval=10, name="counted", clock=clock), play)
    counted = [metric("slipway_loop_passes_total", loop="counted", result=result) for result in ("ok", "failed")]
    assert counted == [1, 1]


async def test_it_outlives_any_number_of_failing_passes():
    clock, passes = ManualClock(), Passes(failing=1200)

    async def play() -> None:
        for _ in range(1201):
            await clock.advance(15)
        assert passes.count > 1200

    await running(Ticker(passes.run_once, interval=10, name="t", clock=clock), play)


async def test_what_forgets_a_cancellation_is_ended_all_the_same():
    """As `wait_for` does in Python 3.11 when what it waits for comes at the same time."""
    never = asyncio.get_running_loop().create_future()

    async def forgetful() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        await never

    work = asyncio.create_task(forgetful())
    await asyncio.sleep(0)
    await end(work, again_sec=0)
    assert work.cancelled()


async def test_what_ends_first_is_raised_and_the_others_are_ended():
    others = asyncio.Event()
    with pytest.raises(ConnectionError):
        await first_of(Passes(failing=1).run_once(), others.wait())
