"""Returns jobs that nobody works on any more. It trusts silence only while it could itself have heard a beat."""

import random
from collections.abc import Callable

import structlog

from slipway.clock import Clock
from slipway.database.engine import Database, WriteSession
from slipway.database.queries import claims, outbox, sweep
from slipway.database.queries.sweep import Abandoned
from slipway.domain.events import EventType
from slipway.domain.failures import FailureClass
from slipway.domain.jobs import JobStatus, RetryPolicy, backoff_sec
from slipway.messaging.broker import Broker
from slipway_scheduler.claims import SCHEDULER

log = structlog.get_logger()

INTERVAL_SEC = 5.0
TRUST_SEC = 30.0
"""A scheduler that was cut off for a while knows nothing about beats in that time."""
GAP_SEC = 15.0
"""A pass this late means that the process itself stood still."""


class Sweep:
    def __init__(
        self, database: Database, broker: Broker, policy: RetryPolicy, clock: Clock, *, committed: Callable[[], None]
    ) -> None:
        self._database = database
        self._broker = broker
        self._policy = policy
        self._clock = clock
        self._committed = committed
        self._connected_since: float | None = None
        self._last_pass: float | None = None

    async def run_once(self) -> int:
        """Return how many jobs were given back."""
        if not await self._trusted():
            return 0
        async with self._database.writing() as session:
            found = await sweep.abandoned(session)
            await claims.forget_old_executors(session)
        given_back = 0
        for each in found:
            async with self._database.writing() as session:
                job = await sweep.lock(session, each)
                if job:
                    await self._give_back(session, job)
                    given_back += 1
        if given_back:
            self._committed()
        return given_back

    async def _trusted(self) -> bool:
        now = self._clock.monotonic()
        stood_still = self._last_pass is not None and now - self._last_pass > GAP_SEC
        self._last_pass = now
        try:
            await self._database.ping()
        except Exception:  # noqa: BLE001 - whatever it is, there is no connection
            self._connected_since = None
            return False
        if not self._broker.connected or stood_still:
            self._connected_since = None
        if self._connected_since is None:
            self._connected_since = now if self._broker.connected else None
            return False
        return now - self._connected_since >= TRUST_SEC

    async def _give_back(self, session: WriteSession, job: Abandoned) -> None:
        if not job.claimed:
            status = JobStatus.SUPERSEDED if job.successor_waits else JobStatus.QUEUED
            await sweep.give_back(session, job, status=status, lost=job.lost, delay_sec=0, error=None)
            return
        lost = job.lost + 1
        error = "its executor vanished"
        delay = 0.0
        if job.cancel_requested:
            status, error = JobStatus.CANCELLED, "a person cancelled it, and its executor vanished"
        elif lost >= self._policy.lost_limit:
            status, error = JobStatus.QUARANTINED, f"its executor vanished {lost} times in a row"
        elif job.successor_waits:
            status = JobStatus.SUPERSEDED
        else:
            status = JobStatus.DELAYED
            delay = backoff_sec(self._policy, self._policy.base_sec * (lost - 1), random.random())  # noqa: S311
        log.warning("job_abandoned", job=str(job.id), fence=job.fence, lost=lost, becomes=status.value)
        await sweep.give_back(session, job, status=status, lost=lost, delay_sec=delay, error=error)
        if status in (JobStatus.QUARANTINED, JobStatus.CANCELLED) and not job.successor_waits:
            cancelled = status is JobStatus.CANCELLED
            why = FailureClass.CANCELLED if cancelled else FailureClass.NEEDS_PERSON
            await sweep.hold_deployment(session, job.deployment_id, error=error, failure_class=why)
        if status is JobStatus.QUARANTINED:
            await outbox.record(
                session,
                EventType.JOB_QUARANTINED,
                actor=SCHEDULER,
                data={"job": str(job.id), "fence": job.fence, "reason": error},
                deployment=job.deployment_id,
            )
