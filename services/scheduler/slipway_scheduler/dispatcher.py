"""Leases due jobs as far as executors have room, and publishes their commands outside of any transaction."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from slipway.database.engine import Database
from slipway.database.queries import leases
from slipway.database.queries.leases import LeasedJob
from slipway.domain.failures import Failure
from slipway.failpoints import hit
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError
from slipway.messaging.messages import Command, command_id, encode

log = structlog.get_logger()

BATCH = 50
PUBLISH_TIMEOUT_SEC = 5.0

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
    ) -> None:
        self._database = database
        self._broker = broker
        self._build = build
        self._name = name
        self._refuse = refuse

    async def run_once(self) -> int:
        """Lease and publish what is due and has room; return how many were published. Without NATS nothing is leased."""
        if not self._broker.connected:
            return 0
        async with self._database.writing() as session:
            await leases.promote_due(session)
            room = await leases.capacity(session)
            jobs = await leases.unpublished(session)
            for cluster, free in room.items():
                jobs += await leases.lease(session, cluster=cluster, count=min(free, BATCH), dispatcher=self._name)
        if jobs:
            hit("dispatcher.leased")
        await asyncio.gather(*(self._publish(job) for job in jobs))
        await self._hint_preempted()
        return len(jobs)

    async def _publish(self, leased: LeasedJob) -> None:
        command = self._build(leased)
        if isinstance(command, Failure):
            await self._refuse(leased, command)
            return
        try:
            await self._broker.publish(
                subjects.jobs(leased.cluster),
                encode(command),
                message_id=command_id(leased.job, leased.fence),
                timeout=PUBLISH_TIMEOUT_SEC,
            )
        except BrokerError as error:  # the row says that it is not published: the next pass tries the same fence
            log.warning("publish_failed", job=str(leased.job), fence=leased.fence, error=type(error).__name__)
            return
        hit("dispatcher.published")
        async with self._database.writing() as session:
            await leases.mark_published(session, job=leased.job, fence=leased.fence)

    async def _hint_preempted(self) -> None:
        async with self._database.reading() as session:
            clusters = await leases.clusters_with_preempted_jobs(session)
        for cluster in clusters:
            await self._broker.send(subjects.control(cluster), b"")
