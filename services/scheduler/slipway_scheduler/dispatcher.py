"""Leases due jobs as far as executors have room, and publishes their commands outside of any transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
import structlog

from slipway.clock import Clock, SystemClock
from slipway.database.engine import Database
from slipway.database.hot import Hot
from slipway.database.queries import leases
from slipway.database.queries.leases import LeasedJob, Look
from slipway.domain.failures import Failure, FailureClass
from slipway.domain.jobs import background_share, passed_after
from slipway.failpoints import hit
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError, MessageTooLarge
from slipway.messaging.messages import Command, command_id, encode
from slipway.telemetry import tracing
from slipway.telemetry.tracing import Kind
from slipway_scheduler.metrics import LEASES

log = structlog.get_logger()

BATCH = 200
PUBLISH_TIMEOUT_SEC = 5.0
MARK_SEC = 0.5
"""After which it is noted that a command is stored whose job nobody has claimed. From 2 s on it would be sent once more."""
TOO_LARGE = Failure(
    failure_class=FailureClass.TERMINAL, code="command_too_large",
    reason="values, secrets and the version's defaults together are larger than a message may be",
)  # fmt: skip

Refuse = Callable[[LeasedJob, Failure], Awaitable[None]]
"""Ends a job whose command can never be made."""
Build = Callable[[LeasedJob], Command | Failure]
"""Makes the command of a leased job, or tells why there can be none."""


class Dispatcher:
    def __init__(
        self,
        database: Database,
        broker: Broker,
        build: Build,
        *,
        name: str,
        refuse: Refuse,
        clock: Clock | None = None,
    ) -> None:
        self._database = database
        self._broker = broker
        self._build = build
        self._name = name
        self._refuse = refuse
        self._passed: dict[str, int] = {}
        """By cluster, how many leased jobs count for background work's next turn."""
        self._clock = clock or SystemClock()
        self._stored: list[LeasedJob] = []
        """Whose commands are stored, which the database is not told yet."""
        self._told = self._clock.monotonic()

    async def run_once(self) -> int:
        """Lease and publish what is due and has room; return how many were published. Without NATS nothing is leased."""
        if not self._broker.connected:
            return 0
        look = await leases.look(self._database)
        for cluster in look.preempted:
            await self._broker.send(subjects.control(cluster), b"")
        jobs = await self._lease(look) if look.delayed or look.unpublished or look.due else []
        if jobs:
            hit("dispatcher.leased")
        stored = await asyncio.gather(*(self._publish(job) for job in jobs))
        self._stored += [job for job, done in zip(jobs, stored, strict=True) if done]
        await self._mark()
        return len(jobs)

    async def _mark(self) -> None:
        """Note what is stored, together and late: most of it is claimed by then, and needs no note."""
        if self._stored and self._clock.monotonic() - self._told >= MARK_SEC:
            self._told, stored, self._stored = self._clock.monotonic(), self._stored, []
            await leases.mark_published(self._database, stored)

    async def _lease(self, look: Look) -> list[LeasedJob]:
        async with self._database.hot() as hot:
            if look.delayed:
                await leases.promote_due(hot)
            jobs = await leases.unpublished(hot) if look.unpublished else []
            for cluster in look.room if look.delayed else look.due:
                background = cluster in look.background
                leased = await self._lease_of(hot, cluster, min(look.room[cluster], BATCH), background=background)
                LEASES.labels(cluster).inc(len(leased))
                jobs += leased
        return jobs

    async def _lease_of(self, hot: Hot, cluster: str, count: int, *, background: bool) -> list[LeasedJob]:
        """Lease what has room; `background` work's share first, if any waits, when others have gone before it for long enough."""
        passed = self._passed.get(cluster, 0)
        share = background_share(passed, count)
        lease = partial(leases.lease, hot, cluster=cluster, dispatcher=self._name)
        taken = await lease(count=share, background=True) if share and background else []
        others = await lease(count=count - len(taken)) if count > len(taken) else []
        self._passed[cluster] = passed_after(passed, share, len(taken), [job.reason for job in others])
        return taken + others

    async def _publish(self, leased: LeasedJob) -> bool:
        """Tell whether the job's command is stored."""
        with tracing.span(
            "job dispatch", kind=Kind.PRODUCER, parent=leased.traceparent, deployment=leased.deployment, job=leased.job,
            fence=leased.fence, cluster=leased.cluster,
        ) as span:  # fmt: skip
            command = self._build(leased)
            if isinstance(command, Failure):
                span.fail(command.code)
                await self._refuse(leased, command)
                return False
            return await self._send(leased, msgspec.structs.replace(command, traceparent=span.place.traceparent))

    async def _send(self, leased: LeasedJob, command: Command) -> bool:
        try:
            await self._broker.publish(
                subjects.jobs(leased.cluster),
                encode(command),
                message_id=command_id(leased.job, leased.fence),
                timeout=PUBLISH_TIMEOUT_SEC,
            )
        except MessageTooLarge:
            await self._refuse(leased, TOO_LARGE)
            return False
        except BrokerError as error:  # the row says that it is not published: the next pass tries the same fence
            log.warning("publish_failed", job=str(leased.job), fence=leased.fence, error=type(error).__name__)
            return False
        hit("dispatcher.published")
        return True
