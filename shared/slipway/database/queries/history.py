"""Jobs that are over leave the queue for a history, some time after they have ended."""

from sqlalchemy import text

from slipway.database.engine import WriteSession
from slipway.database.models import DeploymentReconcileJob

_SOON, _LATE = "interval '10 minutes'", "interval '30 days'"
"""What failed or was cancelled can be queued again, so it stays for longer; there is little of it. What is quarantined waits
for a person, as long as its deployment is there."""
_OVER = text(
    f"""
    SELECT id, date_trunc('month', finished_at) AS month FROM deployment_reconcile_job
    WHERE (status = 'succeeded' AND finished_at < now() - {_SOON})
       OR (status = 'superseded' AND finished_at < now() - {_SOON})
       OR (status = 'failed' AND finished_at < now() - {_LATE})
       OR (status = 'cancelled' AND finished_at < now() - {_LATE})
       OR (status = 'quarantined' AND finished_at < now() - {_SOON}
           AND (SELECT d.deleted_at IS NOT NULL FROM deployment d WHERE d.id = deployment_id))
    LIMIT :most FOR UPDATE SKIP LOCKED
    """  # noqa: S608 - fixed words only
)
_ENSURE = text("SELECT ensure_job_history(:month)")
_COLUMNS = ", ".join(column.name for column in DeploymentReconcileJob.__table__.columns)
_MOVE = text(
    f"""
    WITH over AS (DELETE FROM deployment_reconcile_job WHERE id = ANY(:jobs) RETURNING {_COLUMNS})
    INSERT INTO job_history ({_COLUMNS}) SELECT {_COLUMNS} FROM over
    """  # noqa: S608 - names of columns only
)


async def move(session: WriteSession, *, most: int) -> int:
    """Move jobs that are over into the history of the month in which they ended; return how many."""
    rows = (await session.execute(_OVER, {"most": most})).all()
    for month in {row.month for row in rows}:
        await session.execute(_ENSURE, {"month": month})
    if rows:
        await session.execute(_MOVE, {"jobs": [row.id for row in rows]})
    return len(rows)
