"""Which deployments are to be compared with the cluster."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import WriteSession
from slipway.domain.charts import DriftPolicy

# Whoever holds a cluster's row takes for all schedulers; the others leave it out, and find it used up afterwards.
_PACES = text(
    """
    SELECT name, coalesce(extract(epoch FROM now() - drift_paced_at), 'infinity')::float AS unused_sec FROM cluster
    WHERE deleted_at IS NULL FOR NO KEY UPDATE SKIP LOCKED
    """
)
# From each cluster's index those that wait longest: after an outage all are due, and none of the others is read. (The planner
# takes a limit that it does not know for a tenth of all, and would read the whole table; of an array it expects ten.)
_TAKE = text(
    """
    WITH allowed AS (
        SELECT * FROM unnest(CAST(:clusters AS text[]), CAST(:counts AS int[])) AS a (cluster, most)),
    due AS (
        SELECT first.id, a.cluster FROM allowed a CROSS JOIN LATERAL (
            SELECT d.id FROM deployment d
            WHERE d.cluster = a.cluster AND d.status = 'ready' AND NOT d.suspended AND d.scan_after <= now()
              AND d.hold_generation IS DISTINCT FROM d.generation
              AND NOT EXISTS (SELECT FROM deployment_reconcile_job j
                              WHERE j.deployment_id = d.id AND j.status IN ('queued', 'delayed', 'leased', 'running'))
            ORDER BY d.scan_after LIMIT a.most FOR NO KEY UPDATE OF d SKIP LOCKED) first),
    paced AS (
        UPDATE cluster c SET drift_paced_at = greatest(c.drift_paced_at, now() - make_interval(secs => :most_unused))
            + taken.count * make_interval(secs => :gap)
        FROM allowed a JOIN (SELECT cluster, count(*) FROM due GROUP BY cluster) taken USING (cluster)
        WHERE c.name = a.cluster)
    UPDATE deployment d SET scan_after = now() + make_interval(secs => :again)
    FROM due, product_template_version t, installation i
    WHERE d.id = due.id AND d.id = ANY(ARRAY(SELECT id FROM due)) AND t.id = d.applied_template_id
    RETURNING d.id, d.user_id AS owner, d.cluster, d.generation, d.namespace_name AS namespace,
        d.release_name AS release, t.capabilities_json AS capabilities, i.uid AS installation,
        (SELECT max(r.revision) FROM deployment_revision r
         WHERE r.deployment_id = d.id AND r.succeeded AND r.generation = d.applied_generation) AS revision
    """
)
_STILL = text(
    """
    SELECT d.generation = :generation AND d.status = 'ready' AND NOT d.suspended
       AND NOT EXISTS (SELECT FROM deployment_reconcile_job j
                       WHERE j.deployment_id = d.id AND j.status IN ('queued', 'delayed', 'leased', 'running'))
    FROM deployment d WHERE d.id = :deployment
    """
)
_POSTPONE = text(
    "UPDATE deployment SET scan_after = now() + make_interval(secs => :delay) WHERE id = :deployment AND status = 'ready'"
)
# Those that are due already keep their place: whoever asks again and again delays nobody.
_ALL_NOW = text(
    "UPDATE deployment SET scan_after = least(scan_after, now())"
    " WHERE status = 'ready' AND NOT suspended AND deleted_at IS NULL RETURNING id"
)


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment to be compared, with the revision that it should be."""

    id: UUID
    owner: UUID
    cluster: str
    generation: int
    namespace: str
    release: str
    revision: int
    capabilities: dict[str, Any] | None
    installation: UUID

    @property
    def policy(self) -> DriftPolicy:
        raw: Any = (self.capabilities or {}).get("drift") or {}
        return msgspec.convert(raw, DriftPolicy)


async def lock_paces(session: WriteSession) -> dict[str, float]:
    """Return for how many seconds each cluster's share of scans was not used; those that another session holds are left out."""
    return {row.name: row.unused_sec for row in await session.execute(_PACES)}


async def take_due(
    session: WriteSession, counts: Mapping[str, int], *, gap_sec: float, most_unused_sec: float, again_sec: float
) -> list[Due]:
    """Take so many due deployments of each cluster at most, whose paces are locked, and use up `gap_sec` for each.

    Of what was not used before, `most_unused_sec` count. Those whose answer is lost are due again after `again_sec`.
    """
    values = {
        "clusters": list(counts), "counts": list(counts.values()), "gap": gap_sec, "most_unused": most_unused_sec,
        "again": again_sec,
    }  # fmt: skip
    rows = (await session.execute(_TAKE, values)).mappings()
    return [Due(**row) for row in rows if row["revision"] is not None]


async def still_there(session: WriteSession, due: Due) -> bool:
    """Tell whether nothing was asked of the deployment since it was taken; its row is locked."""
    values = {"deployment": due.id, "generation": due.generation}
    return bool((await session.execute(_STILL, values)).scalar_one_or_none())


async def postpone(session: WriteSession, deployment: UUID, delay_sec: float) -> None:
    await session.execute(_POSTPONE, {"deployment": deployment, "delay": delay_sec})


async def all_now(session: WriteSession) -> int:
    """Make every ready deployment due; return how many."""
    return len((await session.execute(_ALL_NOW)).all())
