"""Tells those who look at this moment how far each held job is: at most once a second, when it has changed or is long ago."""

from collections.abc import Callable, Collection
from uuid import UUID

from slipway.clock import Clock
from slipway.messaging import subjects
from slipway.messaging.broker import Broker
from slipway.messaging.messages import Command, Progress, encode
from slipway_executor.control import Control

INTERVAL_SEC = 1.0
AGAIN_SEC = 10.0
"""The same is told again after this time: somebody may have begun to look."""


class ProgressTeller:
    def __init__(self, broker: Broker, clock: Clock, jobs: Callable[[], Collection[tuple[Command, Control]]]) -> None:
        """`jobs` returns what is held at the moment."""
        self._broker = broker
        self._clock = clock
        self._jobs = jobs
        self._told: dict[UUID, tuple[Progress, float]] = {}
        """What was told last of each job, and when."""

    async def run_once(self) -> int:
        """Return how many were told."""
        now, before = self._clock.monotonic(), self._told
        held = {command.job: _progress(command, control) for command, control in self._jobs()}
        self._told = {job: before[job] for job in held if job in before}
        news = [each for job, each in held.items() if job not in before or _is_news(each, *before[job], now)]
        for each in news:
            await self._broker.send(subjects.progress(each.cluster, each.deployment), encode(each))
            self._told[each.job] = each, now
        return len(news)


def _is_news(progress: Progress, told: Progress, at: float, now: float) -> bool:
    return progress != told or now - at >= AGAIN_SEC


def _progress(command: Command, control: Control) -> Progress:
    return Progress(
        job=command.job,
        fence=command.fence,
        deployment=command.deployment,
        owner=command.owner,
        cluster=command.cluster,
        generation=command.generation,
        phase=control.phase,
        ready=control.ready,
        total=control.total,
    )
