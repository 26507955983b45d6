"""Compares live objects with the applied revisions, a few deployments at a time, and has differences corrected."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from slipway.database.engine import Database
from slipway.database.queries import deployments, drift, wishes
from slipway.database.queries.drift import Due
from slipway.database.queries.outbox import News
from slipway.domain.charts import DriftPolicy
from slipway.domain.events import EventType
from slipway.domain.jobs import JobOption, JobReason
from slipway.domain.values import canonical, storable
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError
from slipway.messaging.messages import encode
from slipway.messaging.queries import DRIFT, FindDrift, FoundDrift, Place
from slipway.telemetry import tracing
from slipway_scheduler.claims import SCHEDULER

log = structlog.get_logger()

INTERVAL_SEC = 2.0
GAP_SEC = 0.25
"""One deployment of a cluster is compared in so long, on average, however many schedulers there are."""
AT_ONCE = 8
"""So many are compared at once after a time in which fewer were."""
TIMEOUT_SEC = 20.0
AGAIN_SEC = 60.0
"""Until one is tried again whose executor did not answer."""


def allowed(unused_sec: float) -> int:
    """Return how many of a cluster's deployments may be compared now; its share was not used for so long."""
    return int(min(AT_ONCE, max(0.0, unused_sec) / GAP_SEC))


def spread(every_sec: float, jitter: float) -> float:
    """Return the seconds until the next comparison: a quarter more or less, so that all of one moment do not stay together.

    `jitter`, in [0, 1), is the caller's.
    """
    return every_sec * (0.75 + jitter / 2)


class DriftScan:
    def __init__(self, database: Database, broker: Broker, *, every_sec: float, committed: Callable[[], None]) -> None:
        """`every_sec` is how often each deployment is compared, give or take a quarter."""
        self._database = database
        self._broker = broker
        self._every_sec = every_sec
        self._committed = committed

    async def run_once(self) -> int:
        """Compare what is due; return how many were."""
        if not self._broker.connected:
            return 0
        async with self._database.writing() as session:
            paces = await drift.lock_paces(session)
            counts = {cluster: count for cluster, unused in paces.items() if (count := allowed(unused))}
            if not counts:
                return 0
            due = await drift.take_due(
                session, counts, gap_sec=GAP_SEC, most_unused_sec=AT_ONCE * GAP_SEC, again_sec=AGAIN_SEC
            )
        await asyncio.gather(*(self._scan(each) for each in due))
        return len(due)

    async def _scan(self, due: Due) -> None:
        with tracing.span("drift scan", deployment=due.id):
            await self._compare(due)

    async def _compare(self, due: Due) -> None:
        policy = due.policy
        if policy.mode == "ignore":
            await self._next(due)
            return
        place = Place(installation=due.installation, deployment=due.id, namespace=due.namespace, release=due.release)
        question = FindDrift(place=place, revision=due.revision, ignore=policy.ignore)
        try:
            subject = subjects.query(due.cluster, DRIFT)
            raw = await self._broker.request(subject, encode(question), timeout=TIMEOUT_SEC)
        except BrokerError:
            return  # it comes again soon
        found = msgspec.json.decode(raw, type=FoundDrift)
        if found.failure:
            log.info("drift_unknown", deployment=str(due.id), code=found.failure.code)
            return
        if found.objects or found.release:
            await self._drifted(due, policy, found)
        await self._next(due)

    async def _drifted(self, due: Due, policy: DriftPolicy, found: FoundDrift) -> None:
        """Note what differs, and have it corrected if the template says so; nothing when something was asked meanwhile."""
        told: dict[str, Any] = {"objects": storable(msgspec.to_builtins(found.objects)), "release": found.release}
        async with self._database.writing() as session:
            deployment = await deployments.lock(session, due.id)
            if deployment is None or not await drift.still_there(session, due):
                return
            if not deployment.drifted or canonical(deployment.drift) != canonical(told):
                news = News(event=EventType.DEPLOYMENT_DRIFTED, actor=SCHEDULER, data={"mode": policy.mode, **told})
                await deployments.change(session, deployment, news, drifted=True, drift_json=told)
            if policy.mode == "correct":
                await wishes.queue(session, deployment, JobReason.DRIFT, actor=SCHEDULER, options=[JobOption.COMPARE])
        self._committed()

    async def _next(self, due: Due) -> None:
        """Have it compared again after its time."""
        delay = spread(self._every_sec, random.random())  # noqa: S311
        async with self._database.writing() as session:
            await drift.postpone(session, due.id, delay)
