"""How a running job is told to stop: waits end at once, an apply finishes, and what was seen is still reported."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from slipway.domain.outcomes import Outcome
from slipway.lifecycle import first_of
from slipway.messaging.messages import JobPhase

T = TypeVar("T")


class Stopped(Exception):
    """The order to stop came before anything was written."""


class Control:
    """One running job's stop order, and how far it is."""

    def __init__(self) -> None:
        self.phase = JobPhase.APPLYING
        self.ready = self.total = 0
        """Objects that are ready, of those that are watched."""
        self.stopped = asyncio.Event()
        self.outcome: Outcome | None = None
        """What to report when stopped: stopped (by a beat's answer) or handed back (shutdown)."""

    def stop(self, outcome: Outcome) -> None:
        """Ask it to stop. The first order stands."""
        if not self.stopped.is_set():
            self.outcome = outcome
            self.stopped.set()

    def count(self, ready: int, total: int) -> None:
        """Note how many objects are ready by now."""
        self.ready, self.total = ready, total

    async def unless_stopped(self, waiting: Awaitable[T]) -> T:
        """Return what comes of a wait that may be long and has written nothing yet; Stopped ends it at once."""
        task = asyncio.ensure_future(waiting)
        try:
            await first_of(asyncio.wait({task}), self.stopped.wait())
            if not task.done():
                raise Stopped
            return task.result()
        finally:  # also when the job itself is cancelled: nothing goes on without it
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
