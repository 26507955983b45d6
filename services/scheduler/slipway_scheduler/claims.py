"""Answers executors: claims of jobs, and beats."""

from collections.abc import Callable

import msgspec
import structlog

from slipway.database.engine import Database
from slipway.database.queries import claims, outbox
from slipway.domain.events import SYSTEM, Actor, EventType
from slipway.messaging.messages import Beat, BeatAnswer, Claim, ClaimAnswer, ClaimVerdict, encode

log = structlog.get_logger()

SCHEDULER = Actor(kind=SYSTEM, id="scheduler", via="scheduler")


class Claims:
    """Responders of the schedulers' queue group. An error answers nothing: the executor asks again."""

    def __init__(self, database: Database, *, committed: Callable[[], None]) -> None:
        """`committed` is called when an event was written: the relay has something to do."""
        self._database = database
        self._committed = committed

    async def claim(self, subject: str, request: bytes) -> bytes | None:
        """Answer `run` to the one claimant of a fence, `drop` to all others."""
        wish = msgspec.json.decode(request, type=Claim)
        if subject.split(".")[3] != wish.cluster:
            return encode(ClaimAnswer(verdict=ClaimVerdict.DROP))
        async with self._database.writing() as session:
            job = await claims.claim(session, wish)
            if job and job.first:
                data = {
                    "job": str(wish.job),
                    "fence": wish.fence,
                    "generation": job.generation,
                    "attempt": job.attempt,
                    "reason": job.reason,
                }
                await outbox.record(
                    session, EventType.DEPLOYMENT_STARTED, actor=SCHEDULER, data=data, deployment=job.deployment
                )
        if job and job.first:
            self._committed()
        return encode(ClaimAnswer(verdict=ClaimVerdict.RUN if job else ClaimVerdict.DROP))

    async def beat(self, subject: str, request: bytes) -> bytes | None:  # noqa: ARG002 - a responder's signature
        """Record the beat and answer what each held job should do."""
        beat = msgspec.json.decode(request, type=Beat)
        async with self._database.writing() as session:
            verdicts = await claims.beat(session, beat)
        return encode(BeatAnswer(jobs=tuple(verdicts)))
