"""Clusters that deployments may go to, and the executors seen in them."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.errors import taken
from slipway.database.models import Cluster

_NAMES = text("SELECT name FROM cluster WHERE deleted_at IS NULL ORDER BY name")
_TO_ASK = text(
    """
    SELECT c.name FROM cluster c WHERE c.deleted_at IS NULL
    ORDER BY EXISTS (SELECT FROM executor e WHERE e.cluster = c.name AND e.seen_at > now() - interval '15 seconds') DESC,
        (SELECT count(*) FROM registry_credential r WHERE r.cluster = c.name) DESC, c.name
    LIMIT 1
    """
)
_ALL = text(
    """
    SELECT c.name, c.display_name, c.created_at, c.public_key IS NOT NULL AS has_key,
        (SELECT count(*) FROM deployment d WHERE d.cluster = c.name AND d.deleted_at IS NULL) AS deployments
    FROM cluster c WHERE c.deleted_at IS NULL ORDER BY c.name
    """
)
_EXECUTORS = text(
    """
    SELECT instance, cluster, version, majors, slots, free, seen_at, seen_at > now() - interval '15 seconds' AS fresh
    FROM executor WHERE seen_at > now() - interval '1 minute' ORDER BY cluster, instance
    """
)
_KEYS = text("SELECT name, public_key FROM cluster WHERE deleted_at IS NULL AND public_key IS NOT NULL ORDER BY name")
_LOCK = text("SELECT name FROM cluster WHERE name = :cluster AND deleted_at IS NULL FOR UPDATE")
_DEPLOYMENTS = text(
    "SELECT id FROM deployment WHERE cluster = :cluster AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE"
)
_END_JOBS = text(
    """
    UPDATE deployment_reconcile_job SET status = 'cancelled', finished_at = now(), locked_by = NULL,
        last_error = 'its cluster was given up'
    WHERE cluster = :cluster AND status IN ('queued', 'delayed', 'leased', 'running')
    """
)
_END_DEPLOYMENTS = text(
    """
    UPDATE deployment SET status = 'deleted', deleted_at = now(), last_error = 'its cluster was given up',
        failure_class = NULL, generation = generation + 1 WHERE cluster = :cluster AND deleted_at IS NULL
    """
)
_FORGET = text("UPDATE cluster SET deleted_at = now() WHERE name = :cluster")


class ClusterRow(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    display_name: str | None
    created_at: datetime
    has_key: bool
    deployments: int


class ExecutorRow(msgspec.Struct, frozen=True, kw_only=True):
    """An executor that was seen in the last minute; `fresh` when within 15 s."""

    instance: str
    cluster: str
    version: str
    majors: list[int]
    slots: int
    free: int
    seen_at: datetime
    fresh: bool


async def names(session: ReadSession) -> list[str]:
    """Return the names of all live clusters."""
    return list((await session.execute(_NAMES)).scalars())


async def to_ask(session: ReadSession) -> str | None:
    """Return the cluster to ask about what is no cluster's own: one that is heard, with most registries' credentials."""
    return (await session.execute(_TO_ASK)).scalar_one_or_none()


async def every(session: ReadSession) -> list[ClusterRow]:
    return [ClusterRow(**row) for row in (await session.execute(_ALL)).mappings()]


async def executors(session: ReadSession) -> list[ExecutorRow]:
    return [ExecutorRow(**row) for row in (await session.execute(_EXECUTORS)).mappings()]


async def keys(session: ReadSession) -> dict[str, str]:
    """Return the public key of each live cluster that told one."""
    return {row.name: row.public_key for row in await session.execute(_KEYS)}


async def add(session: WriteSession, *, name: str, display_name: str | None) -> None:
    """Insert a cluster. Taken when there is, or was, one of that name."""
    session.add(Cluster(name=name, display_name=display_name))
    with taken():
        await session.flush()


async def lock(session: WriteSession, cluster: str) -> bool:
    """Lock a live cluster; False when there is none."""
    return (await session.execute(_LOCK, {"cluster": cluster})).one_or_none() is not None


async def forget(session: WriteSession, cluster: str) -> list[UUID]:
    """Give a cluster up with its deployments and their jobs; return the deployments."""
    values = {"cluster": cluster}
    gone = list((await session.execute(_DEPLOYMENTS, values)).scalars())
    for statement in (_END_JOBS, _END_DEPLOYMENTS, _FORGET):
        await session.execute(statement, values)
    return gone
