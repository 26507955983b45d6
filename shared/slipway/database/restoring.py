"""What makes a database that was restored to an earlier time the authority again. Nothing in a cluster is deleted for it."""

from uuid import UUID

import msgspec

from slipway.database.engine import Database
from slipway.database.queries import deployments, outbox, restoring, wishes
from slipway.domain.events import Actor, EventType
from slipway.domain.jobs import JobOption
from slipway.telemetry import tracing

PAGE = 500


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    epoch: int
    previous_epoch: int
    deployments: int
    """So many are compared with their clusters."""


async def restored(database: Database, *, beyond: int, actor: Actor) -> Restored:
    """Begin an epoch above `beyond` (the event stream's), and have every deployment reconciled.

    To be called as the scheduler's role. Calling it once more begins one more epoch and does no harm.
    """
    async with database.writing() as session:
        epoch = await restoring.begin_epoch(session, beyond=beyond)
        data = {"epoch": epoch.now, "previous_epoch": epoch.before}
        await outbox.record(session, EventType.INSTALLATION_RESTORED, actor=actor, data=data, subject="installation")
    count, after = 0, restoring.FIRST
    while True:
        async with database.reading() as session:
            page = await restoring.live_after(session, after, limit=PAGE)
        for deployment in page:
            with tracing.span("restored", deployment=deployment):
                count += await _reconcile(database, deployment, actor)
        if len(page) < PAGE:
            return Restored(epoch=epoch.now, previous_epoch=epoch.before, deployments=count)
        after = page[-1]


async def _reconcile(database: Database, deployment_id: UUID, actor: Actor) -> bool:
    """Have one deployment compared with its cluster, whatever was held back; or its removal go on."""
    async with database.writing() as session:
        deployment = await deployments.lock(session, deployment_id)
        if deployment is None or deployment.deleted_at is not None:
            return False
        if deployment.status in wishes.ENDING:
            await wishes.delete(session, deployment, actor=actor)
        else:
            event = EventType.DEPLOYMENT_RECONCILE_REQUESTED
            await wishes.look_again(session, deployment, actor=actor, options=[JobOption.COMPARE], event=event)
    return True
