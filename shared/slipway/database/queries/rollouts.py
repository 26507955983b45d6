"""Rollouts and how far they are."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.errors import taken
from slipway.database.models import Rollout, RolloutItem
from slipway.database.queries import pages
from slipway.database.queries.pages import Cursor
from slipway.domain.rollouts import ItemStatus, Progress, RolloutStatus
from slipway.identity import new_id

_PROGRESS = text("SELECT status, count(*) FROM rollout_item WHERE rollout_id = :rollout GROUP BY status")
_TAKE_TURNS = text(
    """
    UPDATE rollout SET updated_at = now() WHERE id IN (
        SELECT id FROM rollout WHERE status = 'running' ORDER BY updated_at, id LIMIT :count FOR UPDATE SKIP LOCKED)
    RETURNING id
    """
)
_LOCK = text("SELECT id FROM rollout WHERE id = :rollout AND status = 'running' FOR UPDATE SKIP LOCKED")
_OBSERVE = text(
    """
    UPDATE rollout_item i SET
        status = CASE WHEN d.deleted_at IS NOT NULL OR d.status IN ('deleting', 'deleted') OR d.suspended
                        OR d.desired_template_id <> r.template_id THEN 'skipped'
                      WHEN d.status = 'ready' AND d.applied_generation >= i.generation THEN 'succeeded'
                      WHEN d.status = 'error' AND d.hold_generation = d.generation THEN 'failed' ELSE i.status END,
        error = CASE WHEN d.status = 'error' THEN d.last_error ELSE i.error END
    FROM rollout r, deployment d
    WHERE i.rollout_id = :rollout AND r.id = i.rollout_id AND d.id = i.deployment_id AND i.status = 'running'
    """
)
_WAITING = text(
    "SELECT deployment_id FROM rollout_item WHERE rollout_id = :rollout AND status = 'waiting'"
    " ORDER BY deployment_id LIMIT :count"
)
_SET_ITEM = text(
    "UPDATE rollout_item SET status = :status, generation = :generation, error = :error"
    " WHERE rollout_id = :rollout AND deployment_id = :deployment"
)
_FINISH = text(
    "UPDATE rollout SET status = :status, finished_at = now() WHERE id = :rollout AND status = 'running' RETURNING id"
)


async def add(session: WriteSession, items: dict[UUID, str | None], **fields: Any) -> UUID:
    """Insert a rollout over deployments; those with an error text are skipped. Taken when the product has one running."""
    rollout = Rollout(id=new_id(), **fields)
    session.add(rollout)
    with taken():
        await session.flush()
    for deployment, error in items.items():
        status = ItemStatus.SKIPPED if error else ItemStatus.WAITING
        session.add(RolloutItem(rollout_id=rollout.id, deployment_id=deployment, status=status.value, error=error))
    await session.flush()
    return rollout.id


async def get(session: ReadSession, rollout: UUID) -> Rollout | None:
    statement = select(Rollout).where(Rollout.id == rollout).execution_options(populate_existing=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def page(session: ReadSession, *, product: UUID, cursor: Cursor | None, limit: int) -> Sequence[Rollout]:
    statement = select(Rollout).where(Rollout.product_id == product)
    return (await session.execute(pages.page(statement, Rollout, cursor, limit))).scalars().all()


async def items(session: ReadSession, rollout: UUID) -> Sequence[RolloutItem]:
    statement = select(RolloutItem).where(RolloutItem.rollout_id == rollout).order_by(RolloutItem.deployment_id)
    return (await session.execute(statement)).scalars().all()


async def progress(session: ReadSession, rollout: UUID) -> Progress:
    rows = await session.execute(_PROGRESS, {"rollout": rollout})
    return Progress(**{row[0]: row[1] for row in rows})


async def take_turns(session: WriteSession, *, count: int) -> Sequence[UUID]:
    """Return up to `count` running rollouts that waited longest for their turn; it is the others' next time."""
    return (await session.execute(_TAKE_TURNS, {"count": count})).scalars().all()


async def lock(session: WriteSession, rollout: UUID) -> Rollout | None:
    """Lock and return a rollout that runs; None when another scheduler moves it on just now, or it has ended."""
    if (await session.execute(_LOCK, {"rollout": rollout})).one_or_none() is None:
        return None
    return await get(session, rollout)


async def observe(session: WriteSession, rollout: UUID) -> None:
    """Note of each deployment that was begun how its upgrade stands."""
    await session.execute(_OBSERVE, {"rollout": rollout})


async def waiting(session: WriteSession, rollout: UUID, count: int) -> Sequence[UUID]:
    return (await session.execute(_WAITING, {"rollout": rollout, "count": count})).scalars().all()


async def set_item(
    session: WriteSession,
    rollout: UUID,
    deployment: UUID,
    status: ItemStatus,
    *,
    generation: int | None = None,
    error: str | None = None,
) -> None:
    values = {"status": status.value, "generation": generation, "error": error}
    await session.execute(_SET_ITEM, {**values, "rollout": rollout, "deployment": deployment})


async def finish(session: WriteSession, rollout: UUID, status: RolloutStatus) -> bool:
    """End a rollout; False when it had ended."""
    return (await session.execute(_FINISH, {"rollout": rollout, "status": status.value})).one_or_none() is not None
