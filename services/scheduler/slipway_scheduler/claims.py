"""Answers executors: claims of jobs, and beats."""

from collections.abc import Callable

import msgspec
import structlog

from slipway.database.engine import Database
from slipway.database.queries import claims, outbox
from slipway.database.queries.claims import ClaimedJob
from slipway.database.queries.outbox import Told
from slipway.domain.events import SYSTEM, Actor, EventType
from slipway.gathering import Gathering, Turn
from slipway.messaging.messages import Beat, BeatAnswer, Claim, ClaimAnswer, ClaimVerdict, encode
from slipway.telemetry import tracing
from slipway.telemetry.tracing import Kind

log = structlog.get_logger()

SCHEDULER = Actor(kind=SYSTEM, id="scheduler", via="scheduler")
MOST = 200
"""Claims in one transaction."""


class Claims:
    """Responders of the schedulers' queue group. An error answers nothing: the executor asks again."""

    def __init__(self, database: Database, *, committed: Callable[[], None]) -> None:
        """`committed` is called when an event was written: the relay has something to do."""
        self._database = database
        self._committed = committed
        self._wishes = Gathering[Claim, ClaimedJob | None](self._claim_all, most=MOST)

    async def claim(self, subject: str, request: bytes) -> bytes | None:
        """Answer `run` to the one claimant of a fence, `drop` to all others."""
        wish = msgspec.json.decode(request, type=Claim)
        if subject.split(".")[3] != wish.cluster:
            return encode(ClaimAnswer(verdict=ClaimVerdict.DROP))
        with tracing.span("job claim", kind=Kind.SERVER, parent=wish.traceparent, job=wish.job, fence=wish.fence):
            job = await self._wishes.put(wish)
            if job:
                tracing.note(deployment=job.deployment)
            if job and job.first:
                log.info("job_claimed", fence=wish.fence, executor=wish.instance)
        return encode(ClaimAnswer(verdict=ClaimVerdict.RUN if job else ClaimVerdict.DROP))

    async def _claim_all(self, wishes: list[Claim]) -> list[ClaimedJob | None | Turn]:
        """Return the job of each wish, None for a drop: in one transaction, with the events that they have started."""
        async with self._database.hot() as hot:
            locked = await claims.lock(hot, wishes)
            claimed = await claims.claim(hot, [wish for wish in wishes if wish.job in locked])
            await outbox.record_all(hot, [_started(job) for job in claimed if job.first])
        if any(job.first for job in claimed):
            self._committed()
        found = {(job.job, job.fence, job.instance): job for job in claimed}
        return [
            found.get((wish.job, wish.fence, wish.instance))
            if wish.job in locked or len(wishes) == 1
            else Turn.ALONE  # its deployment is in somebody's hand, or gone
            for wish in wishes
        ]

    async def beat(self, subject: str, request: bytes) -> bytes | None:
        """Record the beat and answer what each held job should do. A beat for another cluster is not heard."""
        beat = msgspec.json.decode(request, type=Beat)
        if subject.split(".")[3] != beat.cluster:
            return None
        async with self._database.hot() as hot:
            verdicts = await claims.beat(hot, beat)
        return encode(BeatAnswer(jobs=tuple(verdicts)))


def _started(job: ClaimedJob) -> Told:
    data = {
        "job": str(job.job),
        "fence": job.fence,
        "generation": job.generation,
        "attempt": job.attempt,
        "reason": job.reason,
    }
    return Told(event=EventType.DEPLOYMENT_STARTED, actor=SCHEDULER, data=data, deployment=job.deployment)
