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
from slipway.telemetry import tracing
from slipway_scheduler.claims import SCHEDULER
from slipway_scheduler.metrics import ENDED, EXPIRED

log = structlog.get_logger()

SILENCE_SEC = 30.0
PASSES = 6
"""In the time of a silence."""


class Sweep:
    def __init__(
        self,
        database: Database,
        broker: Broker,
        policy: RetryPolicy,
        clock: Clock,
        *,
        silence_sec: float = SILENCE_SEC,
        committed: Callable[[], None],
    ) -> None:
        """`silence_sec` is how long nothing may be heard of a job before it is given back."""
        self._database = database
        self._broker = broker
        self._policy = policy
        self._clock = clock
        self._silence_sec = silence_sec
        self._committed = committed
        self._connected_since: float | None = None
        self._last_pass: float | None = None

    @property
    def interval_sec(self) -> float:
        return self._silence_sec / PASSES

    async def run_once(self) -> int:
        """Return how many jobs were given back."""
        if not await self._trusted():
            return 0
        try:
            return await self._pass()
        except Exception:
            self._connected_since = None  # where this was not written, beats may not have been either: a full disk
            raise

    async def _pass(self) -> int:
        async with self._database.writing() as session:
            found = await sweep.abandoned(session, silence_sec=self._silence_sec)
            await claims.forget_old_executors(session)
        given_back = 0
        for each in found:
            with tracing.span(
                "job give back", parent=each.traceparent, deployment=each.deployment_id, job=each.id, fence=each.fence
            ):
                given_back += await self._give_back_if_abandoned(each)
        if given_back:
            self._committed()
        return given_back

    async def _trusted(self) -> bool:
        """Tell whether this scheduler could have heard a beat all the time that makes up a silence."""
        now = self._clock.monotonic()
        stood_still = self._last_pass is not None and now - self._last_pass > self._silence_sec / 2
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
        return now - self._connected_since >= self._silence_sec

    async def _give_back_if_abandoned(self, each: Abandoned) -> bool:
        async with self._database.writing() as session:
            job = await sweep.lock(session, each, silence_sec=self._silence_sec)
            if job is None:
                return False
            status = await self._give_back(session, job)
        EXPIRED.labels("silent" if job.claimed else "unclaimed").inc()
        if status in (JobStatus.SUPERSEDED, JobStatus.QUARANTINED, JobStatus.CANCELLED):
            ENDED.labels(status.value).inc()
        return True

    async def _give_back(self, session: WriteSession, job: Abandoned) -> JobStatus:
        """Write what becomes of the job; return it."""
        if not job.claimed:
            status = JobStatus.SUPERSEDED if job.successor_waits else JobStatus.QUEUED
            await sweep.give_back(session, job, status=status, lost=job.lost, delay_sec=0, error=None)
            return status
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
        return status
