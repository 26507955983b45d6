"""Leasing due jobs: one statement picks and fences them, a second reads what their commands are made of."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import ReadSession, WriteSession


class LeasedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A leased job with its deployment and the template that is wanted now."""

    job: UUID
    fence: int
    attempt: int
    reason: str
    generation: int
    cluster: str
    deployment: UUID
    owner: UUID
    namespace: str
    release: str
    deployment_uid: str
    domain: str
    user_values: dict[str, Any] | None
    docker_image_url: str | None
    chart_ref: str | None
    chart_version: str | None
    chart_digest: str | None
    default_values: dict[str, Any]
    capabilities: dict[str, Any] | None
    health_timeout_sec: int | None
    options: list[str]
    ever_applied: bool
    promised: str | None
    """Mark of the preview that the job promised to keep to."""
    good: dict[str, Any] | None
    """The newest revision that was ready: `{revision, generation, digest}`."""
    secrets: list[dict[str, str]]
    registries: list[dict[str, str]]
    quota: dict[str, int | None] | None
    """What an admin set for the owner."""
    used: dict[str, int]
    """What the owner's other deployments ask for."""
    installation: UUID
    epoch: int


_PROMOTE = text("UPDATE deployment_reconcile_job SET status = 'queued' WHERE status = 'delayed' AND run_after <= now()")

_CAPACITY = text(
    """
    SELECT e.cluster, sum(e.slots) + count(*)
         - (SELECT count(*) FROM deployment_reconcile_job j WHERE j.status = 'leased' AND j.cluster = e.cluster)
         - (SELECT count(*) FROM deployment_reconcile_job j JOIN job_lease l ON l.job_id = j.id
            WHERE j.status = 'running' AND j.cluster = e.cluster AND l.phase = 'applying')
    FROM executor e WHERE e.seen_at > now() - interval '15 seconds' GROUP BY e.cluster
    """
)

_LEASE = text(
    """
    WITH due AS (
        SELECT j.id FROM deployment_reconcile_job j
        WHERE j.status = 'queued' AND j.cluster = :cluster
          AND NOT EXISTS (SELECT FROM deployment_reconcile_job s
                          WHERE s.deployment_id = j.deployment_id AND s.status IN ('leased', 'running'))
          AND (j.reason = 'delete'
               OR NOT EXISTS (SELECT FROM deployment d WHERE d.id = j.deployment_id AND d.suspended))
        ORDER BY j.priority, j.queue_key, j.id
        LIMIT :count FOR UPDATE OF j SKIP LOCKED)
    UPDATE deployment_reconcile_job job
    SET status = 'leased', fence = nextval('job_fence'), seq = 0, locked_by = :dispatcher,
        locked_at = clock_timestamp(), published_at = NULL, claimed_at = NULL, cancel_requested = false
    FROM due WHERE job.id = due.id RETURNING job.id
    """
)

_PAYLOAD = """
    UPDATE deployment_reconcile_job j SET generation = d.generation
    FROM deployment d JOIN product_template_version t ON t.id = d.desired_template_id, installation i
    WHERE d.id = j.deployment_id AND {which}
    RETURNING j.id AS job, j.fence, j.attempt, j.reason, d.generation, j.cluster, d.id AS deployment,
        d.user_id AS owner, d.namespace_name AS namespace, d.release_name AS release, d.deployment_uid,
        d.domain_name AS domain, d.user_values_json AS user_values, t.docker_image_url, t.chart_ref, t.chart_version,
        t.chart_digest, t.default_values_json AS default_values, t.capabilities_json AS capabilities,
        t.health_timeout_sec, i.uid AS installation, i.epoch, j.options,
        d.applied_generation IS NOT NULL AS ever_applied,
        (SELECT p.rendered FROM preview p WHERE p.id = j.preview_id) AS promised,
        (SELECT jsonb_build_object('revision', r.revision, 'generation', r.generation, 'digest', r.digest)
         FROM deployment_revision r WHERE r.deployment_id = d.id AND r.succeeded
         ORDER BY r.revision DESC LIMIT 1) AS good,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('name', s.name, 'ciphertext', s.ciphertext) ORDER BY s.name), '[]')
         FROM deployment_secret s WHERE s.deployment_id = d.id) AS secrets,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('name', g.host, 'ciphertext', c.ciphertext) ORDER BY g.host), '[]')
         FROM registry g JOIN registry_credential c ON c.registry_id = g.id
         WHERE g.deleted_at IS NULL AND c.cluster = j.cluster) AS registries,
        (SELECT jsonb_build_object('cpu_milli', q.cpu_milli, 'memory_mib', q.memory_mib, 'storage_gib', q.storage_gib)
         FROM user_quota q WHERE q.user_id = d.user_id) AS quota,
        (SELECT jsonb_build_object('cpu_milli', coalesce(sum((o.usage_json ->> 'cpu_milli')::bigint), 0),
                                   'memory_mib', coalesce(sum((o.usage_json ->> 'memory_mib')::bigint), 0),
                                   'storage_gib', coalesce(sum((o.usage_json ->> 'storage_gib')::bigint), 0))
         FROM deployment o WHERE o.user_id = d.user_id AND o.id <> d.id AND o.deleted_at IS NULL) AS used
"""
_READ_LEASED = text(_PAYLOAD.format(which="j.id = ANY(:jobs)"))
_READ_UNPUBLISHED = text(
    _PAYLOAD.format(
        which="j.status = 'leased' AND j.published_at IS NULL AND j.locked_at < now() - interval '2 seconds'"
    )
)

_MARK_PUBLISHED = text(
    "UPDATE deployment_reconcile_job SET published_at = clock_timestamp()"
    " WHERE id = :job AND fence = :fence AND published_at IS NULL"
)

_PREEMPTED = text(
    """
    SELECT DISTINCT r.cluster FROM deployment_reconcile_job r
    LEFT JOIN deployment_reconcile_job w ON w.deployment_id = r.deployment_id AND w.status IN ('queued', 'delayed')
    WHERE r.status = 'running' AND (r.cancel_requested OR w.generation > r.generation
                                    OR (w.reason = 'delete' AND r.reason <> 'delete'))
    """
)


async def promote_due(session: WriteSession) -> None:
    """Make delayed jobs queued whose time has come."""
    await session.execute(_PROMOTE)


async def capacity(session: ReadSession) -> dict[str, int]:
    """Return, per cluster with executors seen in the last 15 s, how many more jobs it can take (prefetch of one each)."""
    return {cluster: int(free) for cluster, free in await session.execute(_CAPACITY) if free > 0}


async def lease(session: WriteSession, *, cluster: str, count: int, dispatcher: str) -> list[LeasedJob]:
    """Lease up to `count` due jobs of a cluster, each with a new fence; no other session gets the same ones."""
    found = await session.execute(_LEASE, {"cluster": cluster, "count": count, "dispatcher": dispatcher})
    jobs = list(found.scalars())
    return await _read(session, _READ_LEASED, {"jobs": jobs}) if jobs else []


async def unpublished(session: WriteSession) -> list[LeasedJob]:
    """Return jobs that were leased and not published for 2 s, with the fence they have."""
    return await _read(session, _READ_UNPUBLISHED, {})


async def mark_published(session: WriteSession, *, job: UUID, fence: int) -> None:
    await session.execute(_MARK_PUBLISHED, {"job": job, "fence": fence})


async def clusters_with_preempted_jobs(session: ReadSession) -> list[str]:
    """Return the clusters in which a running job was cancelled, or overtaken by a newer wish."""
    return list((await session.execute(_PREEMPTED)).scalars())


async def _read(session: WriteSession, statement: Any, values: dict[str, Any]) -> list[LeasedJob]:
    rows = (await session.execute(statement, values)).mappings()
    return [LeasedJob(**row) for row in rows]
