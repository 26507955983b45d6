"""How a running job is told to stop: waits end at once, an apply finishes, and what was seen is still reported."""

import asyncio

from slipway.domain.outcomes import Outcome
from slipway.messaging.messages import JobPhase


class Control:
    """One running job's stop order and phase."""

    def __init__(self) -> None:
        self.phase = JobPhase.APPLYING
        self.stopped = asyncio.Event()
        self.outcome: Outcome | None = None
        """What to report when stopped: stopped (by a beat's answer) or handed back (shutdown)."""

    def stop(self, outcome: Outcome) -> None:
        """Ask it to stop. The first order stands."""
        if not self.stopped.is_set():
            self.outcome = outcome
            self.stopped.set()
