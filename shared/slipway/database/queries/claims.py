"""Claims and heartbeats: which executor owns a leased job, and whether it lives."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from slipway.database.engine import WriteSession
from slipway.messaging.messages import Beat, BeatVerdict, Claim, JobVerdict

_LOCK_DEPLOYMENT = text(
    "SELECT 1 FROM deployment d JOIN deployment_reconcile_job j ON j.deployment_id = d.id"
    " WHERE j.id = :job FOR NO KEY UPDATE OF d"
)
_CLAIM = text(
    """
    UPDATE deployment_reconcile_job SET status = 'running', locked_by = :instance,
        claimed_at = coalesce(claimed_at, clock_timestamp())
    WHERE id = :job AND fence = :fence
      AND (status = 'leased' OR (status = 'running' AND locked_by = :instance))
    RETURNING deployment_id, generation, attempt, reason
    """
)
_FIRST_BEAT = text(
    """
    INSERT INTO job_lease (job_id, fence, instance, phase) VALUES (:job, :fence, :instance, 'applying')
    ON CONFLICT (job_id) DO UPDATE SET fence = excluded.fence, instance = excluded.instance,
        phase = excluded.phase, beat_at = now()
    WHERE job_lease.fence < excluded.fence
    RETURNING job_id
    """
)
_SEEN = text(
    """
    INSERT INTO executor (instance, cluster, slots, free, version, majors)
    VALUES (:instance, :cluster, :slots, :free, :version, :majors)
    ON CONFLICT (instance) DO UPDATE SET slots = excluded.slots, free = excluded.free, seen_at = now()
    """
)
_BEAT = text(
    """
    WITH held AS (
        SELECT * FROM unnest(CAST(:jobs AS uuid[]), CAST(:fences AS bigint[]), CAST(:phases AS text[]))
            AS h (job, fence, phase)),
    alive AS (
        UPDATE job_lease l SET beat_at = now(), phase = held.phase FROM held
        WHERE l.job_id = held.job AND l.fence = held.fence AND l.instance = :instance
        RETURNING l.job_id)
    SELECT held.job, held.fence,
        CASE WHEN alive.job_id IS NULL OR j.status <> 'running' OR j.fence <> held.fence THEN 'fenced'
             WHEN j.cancel_requested THEN 'cancelled'
             WHEN EXISTS (SELECT FROM deployment_reconcile_job w
                          WHERE w.deployment_id = j.deployment_id AND w.status IN ('queued', 'delayed')
                            AND (w.generation > j.generation OR (w.reason = 'delete' AND j.reason <> 'delete')))
             THEN 'superseded' ELSE 'ok' END
    FROM held LEFT JOIN alive ON alive.job_id = held.job LEFT JOIN deployment_reconcile_job j ON j.id = held.job
    """
)
_KEY = text(
    "UPDATE cluster SET public_key = :key WHERE name = :cluster AND deleted_at IS NULL"
    " AND public_key IS DISTINCT FROM :key"
)
_FORGET_EXECUTORS = text("DELETE FROM executor WHERE seen_at < now() - interval '1 hour'")


class ClaimedJob:
    """What a successful claim tells: the deployment, and whether it is the first of this fence."""

    def __init__(self, deployment: UUID, generation: int, attempt: int, reason: str, *, first: bool) -> None:
        self.deployment = deployment
        self.generation = generation
        self.attempt = attempt
        self.reason = reason
        self.first = first


async def claim(session: WriteSession, wish: Claim) -> ClaimedJob | None:
    """Give the job to the instance when its fence is free; None when it is not (drop). Repeating a claim is harmless."""
    values = {"job": wish.job, "fence": wish.fence, "instance": wish.instance}
    await session.execute(_LOCK_DEPLOYMENT, values)  # before its job, as everywhere
    row = (await session.execute(_CLAIM, values)).one_or_none()
    if row is None:
        return None
    first = (await session.execute(_FIRST_BEAT, values)).one_or_none() is not None
    return ClaimedJob(row.deployment_id, row.generation, row.attempt, row.reason, first=first)


async def beat(session: WriteSession, beat: Beat) -> Sequence[JobVerdict]:
    """Record that the executor and its jobs live, in database time; answer each job."""
    await session.execute(
        _SEEN,
        {
            "instance": beat.instance,
            "cluster": beat.cluster,
            "slots": beat.slots,
            "free": beat.free,
            "version": beat.version,
            "majors": list(beat.majors),
        },
    )
    if beat.public_key:
        await session.execute(_KEY, {"cluster": beat.cluster, "key": beat.public_key})
    if not beat.jobs:
        return ()
    rows = await session.execute(
        _BEAT,
        {
            "jobs": [held.job for held in beat.jobs],
            "fences": [held.fence for held in beat.jobs],
            "phases": [held.phase.value for held in beat.jobs],
            "instance": beat.instance,
        },
    )
    return [JobVerdict(job=job, fence=fence, verdict=BeatVerdict(verdict)) for job, fence, verdict in rows]


async def forget_old_executors(session: WriteSession) -> None:
    await session.execute(_FORGET_EXECUTORS)
