"""How a service lives: passes of `run_once` on a ticker, until a signal asks it to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from slipway.clock import Clock, SystemClock
from slipway.telemetry.metrics import PASSES

log = structlog.get_logger()

FIRST_PAUSE_SEC = 0.4
LONGEST_PAUSE_SEC = 15.0


def stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM, SIGINT or a closed terminal sets. To be called inside the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop


class Ticker:
    """Runs a pass now, then whenever woken or the interval has gone by. A failing pass is logged and tried again."""

    def __init__(
        self,
        run_once: Callable[[], Awaitable[object]],
        *,
        interval: float,
        name: str,
        apart: float = 0.0,
        stretch: int = 1,
        clock: Clock | None = None,
    ) -> None:
        """Passes begin `apart` seconds from each other at least: a lone wish is met at once, many are met together.

        Where a pass returns how many it met, the next begins so many times later, `stretch` at most: under load each has more
        to do, and all cost less.
        """
        self._run_once = run_once
        self._interval = interval
        self._apart = apart
        self._stretch = stretch
        self._name = name
        self._clock = clock or SystemClock()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Ask for a pass now; wishes made during a pass are met by one more pass."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        failures, pause = 0, FIRST_PAUSE_SEC
        while not stop.is_set():
            self._woken.clear()
            begun = self._clock.monotonic()
            try:
                met = await self._run_once()
                failures, pause = 0, FIRST_PAUSE_SEC
                PASSES.labels(self._name, "ok").inc()
            except Exception as error:  # noqa: BLE001 - a loop outlives every failure of a pass
                failures += 1
                PASSES.labels(self._name, "failed").inc()
                log.warning("pass_failed", loop=self._name, error=type(error).__name__, failures=failures)
                await self._pause(stop, pause)
                pause = min(LONGEST_PAUSE_SEC, 2 * pause)
                continue
            await self._idle(stop)
            times = min(self._stretch, max(1, met)) if isinstance(met, int) else 1
            early = begun + times * self._apart - self._clock.monotonic()
            if early > 0:
                await self._pause(stop, early)

    async def _idle(self, stop: asyncio.Event) -> None:
        await first_of(self._clock.sleep(self._interval), self._woken.wait(), stop.wait())

    async def _pause(self, stop: asyncio.Event, seconds: float) -> None:
        await first_of(self._clock.sleep(seconds), stop.wait())


async def end(work: asyncio.Future[Any], *, again_sec: float = 1.0) -> None:
    """Cancel work and wait until it has ended, whatever it gave or raised.

    It is cancelled again while it goes on: in Python 3.11 `wait_for` returns what came together with the cancellation,
    and forgets that.
    """
    while not work.done():
        work.cancel()
        await asyncio.wait({work}, timeout=again_sec)
    await asyncio.gather(work, return_exceptions=True)


async def first_of(*waits: Awaitable[object]) -> None:
    """Wait until one of them ends, and end the others; raise what one of them raised."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for each in ended:
        if isinstance(each, Exception):
            raise each
