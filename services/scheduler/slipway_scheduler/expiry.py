"""Warns of deployments that expire within a day, and deletes those whose time is over."""

from collections.abc import Callable

from slipway.database.engine import Database
from slipway.database.queries import deployments, expiry, outbox, wishes
from slipway.database.queries.expiry import Expiring
from slipway.domain.events import EventType
from slipway.telemetry import tracing
from slipway_scheduler.claims import SCHEDULER

INTERVAL_SEC = 30.0


class Expiry:
    def __init__(self, database: Database, *, committed: Callable[[], None]) -> None:
        self._database = database
        self._committed = committed

    async def run_once(self) -> int:
        """Return how many were warned of or deleted."""
        async with self._database.writing() as session:
            soon = await expiry.to_warn(session)
            for each in soon:
                data = {"expires_at": each.expires_at.isoformat()}
                await outbox.record(
                    session, EventType.DEPLOYMENT_EXPIRES_SOON, actor=SCHEDULER, data=data, deployment=each.id
                )
            over = await expiry.over(session)
        for each in over:
            await self._delete(each)
        if soon or over:
            self._committed()
        return len(soon) + len(over)

    async def _delete(self, each: Expiring) -> None:
        """Delete one, unless its owner gave it more time meanwhile."""
        with tracing.span("expiry delete", deployment=each.id):
            await self._delete_if_over(each)

    async def _delete_if_over(self, each: Expiring) -> None:
        async with self._database.writing() as session:
            deployment = await deployments.lock(session, each.id)
            if deployment and await expiry.still_over(session, each.id):
                await wishes.delete(session, deployment, actor=SCHEDULER)
