"""Jobs whose owner vanished, and leases that nobody claimed."""

from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import ReadSession, WriteSession
from slipway.domain.failures import FailureClass
from slipway.domain.jobs import JobStatus

_SUCCESSOR = """EXISTS (SELECT FROM deployment_reconcile_job w
    WHERE w.deployment_id = j.deployment_id AND w.status IN ('queued', 'delayed')) AS successor_waits"""

_COLUMNS = f"""j.id, j.deployment_id, j.fence, j.lost, j.cancel_requested, j.traceparent,
    j.status = 'running' AS claimed, {_SUCCESSOR}"""
_UNCLAIMED = "j.status = 'leased' AND j.locked_at < now() - make_interval(secs => :silence)"
_SILENT = """j.status = 'running' AND EXISTS (SELECT FROM job_lease l
    WHERE l.job_id = j.id AND l.fence = j.fence AND l.beat_at < now() - make_interval(secs => :silence))"""
_ABANDONED = text(
    f"SELECT {_COLUMNS} FROM deployment_reconcile_job j WHERE {_UNCLAIMED}"  # noqa: S608 - fixed words only
    f" UNION ALL SELECT {_COLUMNS} FROM deployment_reconcile_job j WHERE {_SILENT} LIMIT 100"
)
_LOCK_DEPLOYMENT = text("SELECT 1 FROM deployment WHERE id = :deployment FOR NO KEY UPDATE SKIP LOCKED")
_LOCK = text(
    f"SELECT {_COLUMNS} FROM deployment_reconcile_job j"  # noqa: S608 - fixed words only
    f" WHERE j.id = :job AND j.fence = :fence AND ({_UNCLAIMED} OR {_SILENT}) FOR UPDATE OF j SKIP LOCKED"
)
_HOLD = text(
    """
    UPDATE deployment SET status = CASE WHEN status = 'deleting' THEN status ELSE 'error' END, last_error = :error,
        failure_class = :class, hold_generation = generation, scan_after = NULL WHERE id = :deployment
    """
)
_RETURN = text(
    """
    UPDATE deployment_reconcile_job SET status = CAST(:status AS text), lost = :lost, locked_by = NULL,
        run_after = now() + make_interval(secs => :delay), last_error = :error,
        finished_at = CASE WHEN CAST(:status AS text) IN ('superseded', 'quarantined', 'cancelled') THEN now() END
    WHERE id = :job AND fence = :fence
    """
)


class Abandoned(msgspec.Struct, frozen=True, kw_only=True):
    """A job that nobody claimed (`claimed` false) or nobody works on."""

    id: UUID
    deployment_id: UUID
    fence: int
    lost: int
    claimed: bool
    cancel_requested: bool
    successor_waits: bool
    traceparent: str | None = None


async def abandoned(session: ReadSession, *, silence_sec: float) -> list[Abandoned]:
    """Return jobs that no executor claimed, or whose executor has not beaten, for so long."""
    return [Abandoned(**row) for row in (await session.execute(_ABANDONED, {"silence": silence_sec})).mappings()]


async def lock(session: WriteSession, job: Abandoned, *, silence_sec: float) -> Abandoned | None:
    """Lock the deployment, then the job, when it is abandoned still and nobody else has it in hand."""
    if (await session.execute(_LOCK_DEPLOYMENT, {"deployment": job.deployment_id})).one_or_none() is None:
        return None
    row = (
        (await session.execute(_LOCK, {"job": job.id, "fence": job.fence, "silence": silence_sec}))
        .mappings()
        .one_or_none()
    )
    return Abandoned(**row) if row else None


async def hold_deployment(session: WriteSession, deployment: UUID, *, error: str, failure_class: FailureClass) -> None:
    """Leave the deployment in error until somebody acts; a delete goes on being a delete."""
    values = {"deployment": deployment, "error": error, "class": failure_class.value}
    await session.execute(_HOLD, values)


async def give_back(
    session: WriteSession, job: Abandoned, *, status: JobStatus, lost: int, delay_sec: float, error: str | None
) -> None:
    """Write what becomes of an abandoned job."""
    values = {"status": status.value, "lost": lost, "delay": delay_sec, "error": error}
    await session.execute(_RETURN, {**values, "job": job.id, "fence": job.fence})
