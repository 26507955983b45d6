"""Leasing due jobs: one statement picks and fences them, a second reads what their commands are made of."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from slipway.database.engine import Database
from slipway.database.hot import Hot, Statement


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
    promise_lost: bool
    """It promised one, and nobody knows any more what that showed."""
    good: dict[str, Any] | None
    """The newest revision that was ready: `{revision, generation, digest}`."""
    secrets: list[dict[str, str]]
    registries: list[dict[str, str]]
    pull: list[str]
    """Hosts of them that pods may pull images with."""
    quota: dict[str, int | None] | None
    """What an admin set for the owner."""
    counted: dict[str, int] | None
    """What is counted as the deployment's own."""
    used: dict[str, int]
    """What the owner's other deployments ask for."""
    installation: UUID
    traceparent: str | None = None


_PROMOTE = Statement(
    "UPDATE deployment_reconcile_job SET status = 'queued' WHERE status = 'delayed' AND run_after <= now()"
)

_ROOM = """
    SELECT e.cluster, sum(e.slots) + count(*)
         - (SELECT count(*) FROM deployment_reconcile_job j WHERE j.status = 'leased' AND j.cluster = e.cluster)
         - (SELECT count(*) FROM deployment_reconcile_job j JOIN job_lease l ON l.job_id = j.id
            WHERE j.status = 'running' AND j.cluster = e.cluster AND l.phase = 'applying') AS free,
        (SELECT max(j.priority) FROM deployment_reconcile_job j
         WHERE j.status = 'queued' AND j.cluster = e.cluster) AS last_priority
    FROM executor e WHERE e.seen_at > now() - interval '15 seconds' GROUP BY e.cluster
"""
_UNPUBLISHED = "j.status = 'leased' AND j.published_at IS NULL AND j.locked_at < now() - interval '2 seconds'"
LOOK = Statement(
    f"""
    WITH room AS (SELECT * FROM ({_ROOM}) r WHERE free > 0)
    SELECT EXISTS (SELECT FROM deployment_reconcile_job WHERE status = 'delayed' AND run_after <= now()) AS delayed,
        EXISTS (SELECT FROM deployment_reconcile_job j WHERE {_UNPUBLISHED}) AS unpublished,
        (SELECT coalesce(jsonb_object_agg(cluster, free), '{{}}') FROM room) AS room,
        ARRAY(SELECT cluster FROM room WHERE last_priority IS NOT NULL) AS due,
        ARRAY(SELECT cluster FROM room WHERE last_priority > 0) AS background,
        ARRAY(SELECT DISTINCT r.cluster FROM deployment_reconcile_job r
              LEFT JOIN deployment_reconcile_job w ON w.deployment_id = r.deployment_id AND w.status IN ('queued', 'delayed')
              WHERE r.status = 'running' AND (r.cancel_requested OR w.generation > r.generation
                                              OR (w.reason = 'delete' AND r.reason <> 'delete'))) AS preempted
    """  # noqa: S608 - fixed words only
)

_TAKE = """
    WITH bound AS MATERIALIZED (
        SELECT greatest(1, (sum(slots) + count(*)) * 3 / 4) AS most FROM executor
        WHERE cluster = :cluster AND seen_at > now() - interval '15 seconds' HAVING count(*) > 0),
    busy AS MATERIALIZED (
        SELECT f.user_id, count(*) AS jobs FROM deployment_reconcile_job f LEFT JOIN job_lease l ON l.job_id = f.id
        WHERE f.cluster = :cluster AND f.status IN ('leased', 'running') AND (f.status = 'leased' OR l.phase = 'applying')
        GROUP BY f.user_id),
    candidate AS (
        SELECT j.id, j.user_id, j.priority, j.queue_key FROM deployment_reconcile_job j
        WHERE j.status = 'queued' AND j.cluster = :cluster{which}
          AND NOT EXISTS (SELECT FROM deployment_reconcile_job s
                          WHERE s.deployment_id = j.deployment_id AND s.status IN ('leased', 'running'))
          AND (j.reason = 'delete'
               OR NOT (SELECT d.suspended FROM deployment d WHERE d.id = j.deployment_id))
          AND NOT EXISTS (SELECT FROM busy, bound WHERE busy.user_id = j.user_id AND busy.jobs >= bound.most)
        ORDER BY j.priority, j.queue_key, j.id
        LIMIT :count FOR UPDATE OF j SKIP LOCKED),
    due AS (
        SELECT id FROM (
            SELECT c.id, coalesce(busy.jobs, 0)
                + row_number() OVER (PARTITION BY c.user_id ORDER BY c.priority, c.queue_key, c.id) AS nth
            FROM candidate c LEFT JOIN busy USING (user_id)) ranked LEFT JOIN bound ON true
        WHERE ranked.nth <= bound.most OR bound.most IS NULL)
    UPDATE deployment_reconcile_job job
    SET status = 'leased', fence = nextval('job_fence'), seq = 0, locked_by = :dispatcher,
        locked_at = clock_timestamp(), published_at = NULL, claimed_at = NULL, cancel_requested = false
    FROM due WHERE job.id = due.id RETURNING job.id
"""
_LEASE = Statement(_TAKE.format(which=""))
_LEASE_BACKGROUND = Statement(_TAKE.format(which=" AND j.priority > 0"))

_PAYLOAD = """
    WITH job AS MATERIALIZED (SELECT j.* FROM deployment_reconcile_job j WHERE {which}),
    stamped AS (
        UPDATE deployment_reconcile_job j SET generation = d.generation FROM job JOIN deployment d ON d.id = job.deployment_id
        WHERE j.id = job.id AND j.generation <> d.generation),
    owned AS MATERIALIZED (
        SELECT o.user_id, every.* FROM (SELECT DISTINCT d.user_id FROM job JOIN deployment d ON d.id = job.deployment_id) o,
            LATERAL (
                SELECT sum((usage_json ->> 'cpu_milli')::bigint) AS cpu_milli,
                    sum((usage_json ->> 'memory_mib')::bigint) AS memory_mib,
                    sum((usage_json ->> 'storage_gib')::bigint) AS storage_gib
                FROM deployment WHERE user_id = o.user_id AND deleted_at IS NULL) every),
    known AS MATERIALIZED (
        SELECT c.cluster, (
            SELECT coalesce(jsonb_agg(jsonb_build_object('name', g.host, 'ciphertext', r.ciphertext) ORDER BY g.host), '[]')
            FROM registry g JOIN registry_credential r ON r.registry_id = g.id
            WHERE g.deleted_at IS NULL AND r.cluster = c.cluster) AS registries
        FROM (SELECT DISTINCT cluster FROM job) c)
    SELECT j.id AS job, j.fence, j.attempt, j.reason, d.generation, j.cluster, d.id AS deployment,
        d.user_id AS owner, d.namespace_name AS namespace, d.release_name AS release, d.deployment_uid,
        d.domain_name AS domain, d.user_values_json AS user_values, t.docker_image_url, t.chart_ref, t.chart_version,
        t.chart_digest, t.default_values_json AS default_values, t.capabilities_json AS capabilities,
        t.health_timeout_sec, i.uid AS installation, j.options, j.traceparent,
        d.applied_generation IS NOT NULL AS ever_applied,
        (SELECT p.rendered FROM preview p WHERE p.id = j.preview_id) AS promised,
        j.preview_id IS NOT NULL AND NOT EXISTS (SELECT FROM preview p WHERE p.id = j.preview_id) AS promise_lost,
        (SELECT jsonb_build_object('revision', r.revision, 'generation', r.generation, 'digest', r.digest)
         FROM deployment_revision r WHERE r.deployment_id = d.id AND r.succeeded
         ORDER BY r.revision DESC LIMIT 1) AS good,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('name', s.name, 'ciphertext', s.ciphertext) ORDER BY s.name), '[]')
         FROM deployment_secret s WHERE s.deployment_id = d.id) AS secrets,
        known.registries,
        ARRAY(SELECT host FROM registry WHERE deleted_at IS NULL AND image_pull ORDER BY host) AS pull,
        (SELECT jsonb_build_object('cpu_milli', q.cpu_milli, 'memory_mib', q.memory_mib, 'storage_gib', q.storage_gib)
         FROM user_quota q WHERE q.user_id = d.user_id) AS quota,
        d.usage_json AS counted,
        jsonb_build_object(
            'cpu_milli', coalesce(owned.cpu_milli, 0) - coalesce((d.usage_json ->> 'cpu_milli')::bigint, 0),
            'memory_mib', coalesce(owned.memory_mib, 0) - coalesce((d.usage_json ->> 'memory_mib')::bigint, 0),
            'storage_gib', coalesce(owned.storage_gib, 0) - coalesce((d.usage_json ->> 'storage_gib')::bigint, 0)) AS used
    FROM job j JOIN deployment d ON d.id = j.deployment_id JOIN product_template_version t ON t.id = d.desired_template_id
    JOIN known ON known.cluster = j.cluster LEFT JOIN owned ON owned.user_id = d.user_id, installation i
"""
_READ_LEASED = Statement(_PAYLOAD.format(which="j.id = ANY(:jobs)"))
_READ_UNPUBLISHED = Statement(_PAYLOAD.format(which=_UNPUBLISHED))

_MARK_PUBLISHED = Statement(
    "UPDATE deployment_reconcile_job j SET published_at = clock_timestamp()"
    " FROM unnest(CAST(:jobs AS uuid[]), CAST(:fences AS bigint[])) AS p (job, fence)"
    " WHERE j.id = p.job AND j.fence = p.fence AND j.status = 'leased'"
)


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to do for a dispatcher."""

    delayed: bool
    """Jobs wait whose time has come."""
    unpublished: bool
    """Jobs were leased and not published for 2 s."""
    room: dict[str, int]
    """Per cluster with executors seen in the last 15 s, how many more jobs it can take (prefetch of one each)."""
    due: list[str]
    """Those of them that have queued jobs."""
    background: list[str]
    """Those that have queued jobs of background work."""
    preempted: list[str]
    """Clusters in which a running job was cancelled, or overtaken by a newer wish."""


async def look(database: Database) -> Look:
    """Look by one statement whether anything is to be done: most wake-ups find nothing."""
    [row] = await database.hot_once(LOOK)
    return Look(**row)


async def promote_due(hot: Hot) -> None:
    """Make delayed jobs queued whose time has come."""
    await hot.fetch(_PROMOTE)


async def lease(hot: Hot, *, cluster: str, count: int, dispatcher: str, background: bool = False) -> list[LeasedJob]:
    """Lease up to `count` due jobs of a cluster, each with a new fence; no other session gets the same ones.

    With `background` only of that work; else it comes after all that a person waits for.

    One user's in-flight applies take three quarters of what the executors can hold, at most: whoever comes next finds room,
    however long those last. (Schedulers that lease at the same moment may together exceed this by what each took.)
    """
    statement = _LEASE_BACKGROUND if background else _LEASE
    jobs = [row["id"] for row in await hot.fetch(statement, cluster=cluster, count=count, dispatcher=dispatcher)]
    return [LeasedJob(**row) for row in await hot.fetch(_READ_LEASED, jobs=jobs)] if jobs else []


async def unpublished(hot: Hot) -> list[LeasedJob]:
    """Return jobs that were leased and not published for 2 s, with the fence they have."""
    return [LeasedJob(**row) for row in await hot.fetch(_READ_UNPUBLISHED)]


async def mark_published(database: Database, jobs: Sequence[LeasedJob]) -> None:
    """Note that the commands of those are stored that nobody has claimed yet: their claims say so of the others."""
    await database.hot_once(_MARK_PUBLISHED, jobs=[each.job for each in jobs], fences=[each.fence for each in jobs])
