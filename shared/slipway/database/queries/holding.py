"""Stopping and holding back a deployment's work."""

from uuid import UUID

from sqlalchemy import text

from slipway.database.engine import Statements

_CANCEL_UNCLAIMED = text(
    """
    UPDATE deployment_reconcile_job SET status = 'cancelled', finished_at = now(), locked_by = NULL,
        last_error = 'a person cancelled it'
    WHERE deployment_id = :deployment AND status IN ('queued', 'delayed', 'leased') RETURNING id
    """
)
_CANCEL_RUNNING = text(
    "UPDATE deployment_reconcile_job SET cancel_requested = true"
    " WHERE deployment_id = :deployment AND status = 'running' RETURNING id"
)


async def cancel_unclaimed(asked: Statements, deployment: UUID) -> bool:
    """End the jobs that no executor has claimed; tell whether there was one. A claim of such a job is answered `drop`."""
    return bool((await asked.execute(_CANCEL_UNCLAIMED, {"deployment": deployment})).all())


async def cancel_running(asked: Statements, deployment: UUID) -> bool:
    """Have the running job stopped by the answer to its next beat; tell whether there is one."""
    return bool((await asked.execute(_CANCEL_RUNNING, {"deployment": deployment})).all())
