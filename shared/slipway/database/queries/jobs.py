"""Jobs, as admins look at and act on them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.errors import taken
from slipway.database.models import DeploymentReconcileJob
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
        failure_class = 'needs_person', hold_generation = generation WHERE id = :deployment
    """
)


async def get(session: ReadSession, job: UUID) -> DeploymentReconcileJob | None:
    statement = (
        select(DeploymentReconcileJob).where(DeploymentReconcileJob.id == job).execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def page(
    session: ReadSession, *, cursor: Cursor | None, limit: int, status: str | None
) -> Sequence[DeploymentReconcileJob]:
    statement = select(DeploymentReconcileJob)
    if status is not None:
        statement = statement.where(DeploymentReconcileJob.status == status)
    return (await session.execute(pages.page(statement, DeploymentReconcileJob, cursor, limit))).scalars().all()


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
