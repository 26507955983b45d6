"""Jobs whose owner vanished, and leases that nobody claimed."""

from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import WriteSession
from slipway.domain.jobs import JobStatus

_SUCCESSOR = """EXISTS (SELECT FROM deployment_reconcile_job w
    WHERE w.deployment_id = j.deployment_id AND w.status IN ('queued', 'delayed')) AS successor_waits"""

_UNCLAIMED = text(
    f"""
    SELECT j.id, j.deployment_id, j.fence, j.lost, {_SUCCESSOR} FROM deployment_reconcile_job j
    WHERE j.status = 'leased' AND j.locked_at < now() - interval '30 seconds'
    ORDER BY j.locked_at LIMIT 100 FOR UPDATE OF j SKIP LOCKED
    """  # noqa: S608 - fixed words only
)
_VANISHED = text(
    f"""
    SELECT j.id, j.deployment_id, j.fence, j.lost, {_SUCCESSOR} FROM deployment_reconcile_job j
    JOIN job_lease l ON l.job_id = j.id AND l.fence = j.fence
    WHERE j.status = 'running' AND l.beat_at < now() - interval '30 seconds'
    LIMIT 100 FOR UPDATE OF j SKIP LOCKED
    """  # noqa: S608 - fixed words only
)
_RETURN = text(
    """
    UPDATE deployment_reconcile_job SET status = CAST(:status AS text), lost = :lost, locked_by = NULL,
        run_after = now() + make_interval(secs => :delay), last_error = :error,
        finished_at = CASE WHEN CAST(:status AS text) IN ('superseded', 'quarantined') THEN now() END
    WHERE id = :job AND fence = :fence
    """
)


class Abandoned(msgspec.Struct, frozen=True, kw_only=True):
    """A job that nobody works on, its row locked."""

    id: UUID
    deployment_id: UUID
    fence: int
    lost: int
    successor_waits: bool


async def unclaimed(session: WriteSession) -> list[Abandoned]:
    """Lock and return leased jobs that no executor claimed for 30 s."""
    return [Abandoned(**row) for row in (await session.execute(_UNCLAIMED)).mappings()]


async def vanished(session: WriteSession) -> list[Abandoned]:
    """Lock and return running jobs whose executor has not beaten for 30 s."""
    return [Abandoned(**row) for row in (await session.execute(_VANISHED)).mappings()]


async def give_back(
    session: WriteSession, job: Abandoned, *, status: JobStatus, lost: int, delay_sec: float, error: str | None
) -> None:
    """Write what becomes of an abandoned job."""
    values = {"status": status.value, "lost": lost, "delay": delay_sec, "error": error}
    await session.execute(_RETURN, {**values, "job": job.id, "fence": job.fence})
