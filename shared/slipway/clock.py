"""The process's own clock. Times that decide between processes are the database's; this one only measures waiting."""

import asyncio
import heapq
import time
from typing import Protocol


class Clock(Protocol):
    def monotonic(self) -> float:
        """Seconds on a clock that never goes back and counts time spent suspended."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """CLOCK_BOOTTIME where there is one: a process stopped with its machine must see that time went by."""

    def __init__(self) -> None:
        self._id = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def monotonic(self) -> float:
        return time.clock_gettime(self._id)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until `advance`: for tests."""

    def __init__(self, start: float = 1_000.0) -> None:
        self._now = start
        self._order = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (self._now + seconds, self._order, woken))
        await woken

    @property
    def sleepers(self) -> int:
        """How many are asleep."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Move on, waking sleepers in the order of their times and letting each run before the next."""
        until = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, woken = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self._now = until
        await settle()


async def settle(turns: int = 25) -> None:
    """Let other tasks of this loop run for a number of turns."""
    for _ in range(turns):
        await asyncio.sleep(0)
