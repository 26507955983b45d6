"""Forgetting what nobody asks for any more, a bounded number of rows at a time."""

from sqlalchemy import text

from slipway.database.engine import WriteSession

MOST = 1000
"""Rows of a table that are deleted at once."""
_REPORTS = text(
    "DELETE FROM report_record WHERE ctid IN (SELECT r.ctid FROM report_record r"
    " WHERE r.created_at < now() - interval '7 days' LIMIT :most)"
)
_STATEMENTS = (
    text(
        "DELETE FROM idempotency_record WHERE ctid IN (SELECT ctid FROM idempotency_record"
        " WHERE created_at < now() - interval '24 hours' LIMIT :most)"
    ),
    _REPORTS,
    text(
        "DELETE FROM job_lease WHERE job_id IN (SELECT l.job_id FROM job_lease l"
        " JOIN deployment_reconcile_job j ON j.id = l.job_id"
        " WHERE j.status NOT IN ('leased', 'running') AND l.beat_at < now() - interval '1 hour' LIMIT :most)"
    ),
    text(
        "DELETE FROM preview p WHERE expires_at < now() - interval '1 day' AND NOT EXISTS"
        " (SELECT FROM deployment_reconcile_job j WHERE j.preview_id = p.id"  # a suspended change may wait for long
        " AND j.status IN ('queued', 'delayed', 'leased', 'running'))"
    ),
    text(
        "DELETE FROM sign_in WHERE id IN"
        " (SELECT id FROM sign_in WHERE expires_at < now() - interval '1 day' LIMIT :most)"
    ),
    text("DELETE FROM one_time_code WHERE expires_at < now() - interval '1 day'"),
)


async def clean(session: WriteSession) -> int:
    """Delete what is over (answers kept for a day, reports a week, beats, previews, sign-ins); return how many rows.

    When they are MOST or more, there may be more.
    """
    return sum([(await session.execute(each, {"most": MOST})).rowcount for each in _STATEMENTS])  # type: ignore[attr-defined]
