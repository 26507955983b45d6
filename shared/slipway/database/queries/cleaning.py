"""Forgetting what nobody asks for any more, a bounded number of rows at a time."""

from sqlalchemy import text

from slipway.database.engine import WriteSession

_STATEMENTS = (
    text(
        "DELETE FROM idempotency_record WHERE ctid IN (SELECT ctid FROM idempotency_record"
        " WHERE created_at < now() - interval '24 hours' LIMIT 1000)"
    ),
    text(
        "DELETE FROM report_record WHERE ctid IN (SELECT r.ctid FROM report_record r"
        " WHERE r.created_at < now() - interval '7 days' LIMIT 1000)"
    ),
    text(
        "DELETE FROM job_lease WHERE job_id IN (SELECT l.job_id FROM job_lease l"
        " JOIN deployment_reconcile_job j ON j.id = l.job_id"
        " WHERE j.status NOT IN ('leased', 'running') AND l.beat_at < now() - interval '1 hour' LIMIT 1000)"
    ),
    text("DELETE FROM preview WHERE expires_at < now() - interval '1 day'"),
)


async def clean(session: WriteSession) -> int:
    """Delete what is over: answers kept for a day, reports a week, beats of ended jobs, previews; return how many rows."""
    return sum([(await session.execute(statement)).rowcount for statement in _STATEMENTS])  # type: ignore[attr-defined]
