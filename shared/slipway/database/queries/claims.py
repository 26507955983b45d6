"""Claims and heartbeats: which executor owns a leased job, and whether it lives."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import WriteSession
from slipway.database.hot import Hot, Statement
from slipway.messaging.messages import Beat, BeatVerdict, Claim, JobVerdict

_WISHES = """unnest(CAST(:jobs AS uuid[]), CAST(:fences AS bigint[]), CAST(:instances AS text[]), CAST(:clusters AS text[]))
    AS w (job, fence, instance, cluster)"""
_LOCK_DEPLOYMENTS = """
    SELECT j.id AS job FROM deployment d JOIN deployment_reconcile_job j ON j.deployment_id = d.id
    WHERE j.id = ANY(:jobs) ORDER BY d.id FOR NO KEY UPDATE OF d
"""
_WAIT_FOR_DEPLOYMENTS = Statement(_LOCK_DEPLOYMENTS)
_LOCK_FREE_DEPLOYMENTS = Statement(f"{_LOCK_DEPLOYMENTS} SKIP LOCKED")
_CLAIM = Statement(
    f"""
    WITH claimed AS (
        UPDATE deployment_reconcile_job j SET status = 'running', locked_by = w.instance,
            claimed_at = coalesce(j.claimed_at, clock_timestamp())
        FROM {_WISHES}
        WHERE j.id = w.job AND j.fence = w.fence AND j.cluster = w.cluster
          AND (j.status = 'leased' OR (j.status = 'running' AND j.locked_by = w.instance))
        RETURNING j.id, j.fence, j.locked_by, j.deployment_id, j.generation, j.attempt, j.reason),
    first AS (
        INSERT INTO job_lease (job_id, fence, instance, phase) SELECT id, fence, locked_by, 'applying' FROM claimed
        ON CONFLICT (job_id) DO UPDATE SET fence = excluded.fence, instance = excluded.instance,
            phase = excluded.phase, beat_at = now()
        WHERE job_lease.fence < excluded.fence
        RETURNING job_id)
    SELECT id AS job, fence, locked_by AS instance, deployment_id AS deployment, generation, attempt, reason,
        id IN (SELECT job_id FROM first) AS first
    FROM claimed
    """  # noqa: S608 - fixed words only
)
_SEEN = Statement(
    """
    INSERT INTO executor (instance, cluster, slots, free, version, majors)
    VALUES (:instance, :cluster, :slots, :free, :version, :majors)
    ON CONFLICT (instance) DO UPDATE SET slots = excluded.slots, free = excluded.free, seen_at = now()
    """
)
_BEAT = Statement(
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
_KEY = Statement(
    "UPDATE cluster SET public_key = :key WHERE name = :cluster AND deleted_at IS NULL"
    " AND public_key IS DISTINCT FROM :key"
)
_FORGET_EXECUTORS = text("DELETE FROM executor WHERE seen_at < now() - interval '1 hour'")


class ClaimedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that was given to an instance; `first` when that instance did not have it before."""

    job: UUID
    fence: int
    instance: str
    deployment: UUID
    generation: int
    attempt: int
    reason: str
    first: bool


async def lock(hot: Hot, wishes: Sequence[Claim]) -> set[UUID]:
    """Lock the deployments of jobs, before the jobs as everywhere; return the jobs whose deployment is locked.

    Of several those are left out that somebody else has in hand: one that waits must not hold up the others.
    """
    statement = _WAIT_FOR_DEPLOYMENTS if len(wishes) == 1 else _LOCK_FREE_DEPLOYMENTS
    return {row["job"] for row in await hot.fetch(statement, jobs=[wish.job for wish in wishes])}


async def claim(hot: Hot, wishes: Sequence[Claim]) -> list[ClaimedJob]:
    """Give jobs to instances where the fence is free; return those. Repeating a claim is harmless."""
    if not wishes:
        return []
    rows = await hot.fetch(
        _CLAIM,
        jobs=[wish.job for wish in wishes],
        fences=[wish.fence for wish in wishes],
        instances=[wish.instance for wish in wishes],
        clusters=[wish.cluster for wish in wishes],
    )
    return [ClaimedJob(**row) for row in rows]


async def beat(hot: Hot, beat: Beat) -> Sequence[JobVerdict]:
    """Record that the executor and its jobs live, in database time; answer each job."""
    await hot.fetch(
        _SEEN, instance=beat.instance, cluster=beat.cluster, slots=beat.slots, free=beat.free, version=beat.version,
        majors=list(beat.majors),
    )  # fmt: skip
    if beat.public_key:
        await hot.fetch(_KEY, cluster=beat.cluster, key=beat.public_key)
    if not beat.jobs:
        return ()
    rows = await hot.fetch(
        _BEAT,
        jobs=[held.job for held in beat.jobs],
        fences=[held.fence for held in beat.jobs],
        phases=[held.phase.value for held in beat.jobs],
        instance=beat.instance,
    )
    return [JobVerdict(job=job, fence=fence, verdict=BeatVerdict(verdict)) for job, fence, verdict in rows]


async def forget_old_executors(session: WriteSession) -> None:
    await session.execute(_FORGET_EXECUTORS)
