"""Jobs, as people look at and act on them: those of the queue, and those that have left it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, union_all
from sqlalchemy.orm import aliased

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.errors import taken
from slipway.database.models import DeploymentReconcileJob, JobHistory
from slipway.database.queries import pages
from slipway.database.queries.pages import Cursor

_REQUEUE = text(
    """
    UPDATE deployment_reconcile_job SET status = 'queued', run_after = now(), queued_at = now(), attempt = 0, lost = 0,
        locked_by = NULL, finished_at = NULL, last_error = NULL, cancel_requested = false
    WHERE id = :job AND status IN ('failed', 'quarantined', 'cancelled', 'delayed') RETURNING id
    """
)
_FAIL = text(
    """
    UPDATE deployment_reconcile_job SET status = 'failed', finished_at = now(), locked_by = NULL, last_error = :error
    WHERE id = :job AND status IN ('queued', 'delayed', 'quarantined', 'leased', 'running') RETURNING id
    """
)
_SET_GOING = text(
    """
    UPDATE deployment SET last_error = NULL, failure_class = NULL, hold_generation = NULL,
        status = CASE WHEN status <> 'error' THEN status WHEN applied_generation IS NULL THEN 'provisioning'
                      ELSE 'upgrading' END
    WHERE id = :deployment
    """
)
_SET_ERROR = text(
    """
    UPDATE deployment SET status = CASE WHEN status = 'deleting' THEN status ELSE 'error' END, last_error = :error,
        failure_class = 'needs_person', hold_generation = generation, scan_after = NULL WHERE id = :deployment
    """
)


_QUEUE, _PAST = DeploymentReconcileJob.__table__, JobHistory.__table__


async def get(session: ReadSession, job: UUID) -> DeploymentReconcileJob | None:
    """Return a job as the database has it now, wherever it is."""
    for table in (_QUEUE, _PAST):
        found = select(*(table.c[column.name] for column in _QUEUE.columns)).where(table.c.id == job).subquery()
        kind = aliased(DeploymentReconcileJob, found, adapt_on_names=True)
        row = (await session.execute(select(kind).execution_options(populate_existing=True))).scalar_one_or_none()
        if row is not None:
            return row
    return None


async def page(
    session: ReadSession,
    *,
    cursor: Cursor | None,
    limit: int,
    status: str | None = None,
    deployment: UUID | None = None,
) -> Sequence[DeploymentReconcileJob]:
    """Return a page of jobs, newest first: the newest of the queue and of its history, merged."""
    halves: list[Any] = []
    for table in (_QUEUE, _PAST):
        statement: Any = select(*(table.c[column.name] for column in _QUEUE.columns))
        if status is not None:
            statement = statement.where(table.c.status == status)
        if deployment is not None:
            statement = statement.where(table.c.deployment_id == deployment)
        halves.append(select(pages.page(statement, table.c, cursor, limit).subquery()))
    kind = aliased(DeploymentReconcileJob, union_all(*halves).subquery(), adapt_on_names=True)
    both = select(kind).order_by(kind.created_at.desc(), kind.id.desc()).limit(limit + 1)
    return (await session.execute(both)).scalars().all()


async def requeue(session: WriteSession, job: UUID, deployment: UUID) -> bool:
    """Queue a stopped job again and let its deployment go on; False when it is not stopped.

    Taken when another job of its deployment waits.
    """
    with taken():
        if (await session.execute(_REQUEUE, {"job": job})).one_or_none() is None:
            return False
    await session.execute(_SET_GOING, {"deployment": deployment})
    return True


async def fail(session: WriteSession, job: UUID, deployment: UUID, *, error: str) -> bool:
    """End a job as failed and its deployment as in error; False when it had ended."""
    if (await session.execute(_FAIL, {"job": job, "error": error})).one_or_none() is None:
        return False
    await session.execute(_SET_ERROR, {"deployment": deployment, "error": error})
    return True
