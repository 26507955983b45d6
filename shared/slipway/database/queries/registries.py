"""Registries that want credentials, and those credentials, sealed to each cluster's key."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select, text

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.models import Registry
from slipway.database.queries import pages
from slipway.database.queries.pages import Cursor
from slipway.identity import new_id

_CREDENTIALS = text(
    """
    SELECT r.host AS name, c.ciphertext FROM registry r JOIN registry_credential c ON c.registry_id = r.id
    WHERE r.deleted_at IS NULL AND c.cluster = :cluster ORDER BY r.host
    """
)
_CLUSTERS = text("SELECT cluster FROM registry_credential WHERE registry_id = :registry ORDER BY cluster")
_FIND = text("SELECT id FROM registry WHERE host = :host AND deleted_at IS NULL FOR UPDATE")
_ADD = text(
    "INSERT INTO registry (id, host, username) VALUES (:registry, :host, :username)"
    " ON CONFLICT (host) WHERE deleted_at IS NULL DO NOTHING"
)
_PUT = text(
    "INSERT INTO registry_credential (registry_id, cluster, ciphertext) VALUES (:registry, :cluster, :ciphertext)"
    " ON CONFLICT (registry_id, cluster) DO UPDATE SET ciphertext = excluded.ciphertext"
)
_SET = text("UPDATE registry SET username = :username, image_pull = :image_pull WHERE id = :registry")
_DELETE = text("UPDATE registry SET deleted_at = now() WHERE id = :registry AND deleted_at IS NULL RETURNING host")
_FORGET = text("DELETE FROM registry_credential WHERE registry_id = :registry")


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """Sealed name and password for the registry at host `name`."""

    name: str
    ciphertext: str


async def credentials(session: ReadSession, cluster: str) -> list[Credential]:
    """Return what a cluster's executors can open; nothing for a caller who may not see registries."""
    return [Credential(**row) for row in (await session.execute(_CREDENTIALS, {"cluster": cluster})).mappings()]


async def page(session: ReadSession, *, cursor: Cursor | None, limit: int) -> Sequence[Registry]:
    statement = select(Registry).where(Registry.deleted_at.is_(None))
    return (await session.execute(pages.page(statement, Registry, cursor, limit))).scalars().all()


async def get(session: ReadSession, registry: UUID) -> Registry | None:
    statement = select(Registry).where(Registry.id == registry, Registry.deleted_at.is_(None))
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()


async def clusters_of(session: ReadSession, registry: UUID) -> list[str]:
    """Return the clusters whose executors have its credentials."""
    return list((await session.execute(_CLUSTERS, {"registry": registry})).scalars())


async def put(session: WriteSession, *, host: str, username: str, image_pull: bool, sealed: dict[str, str]) -> UUID:
    """Store the credentials of a host for each cluster, in place of earlier ones; return the registry's id."""
    await session.execute(_ADD, {"registry": new_id(), "host": host, "username": username})
    registry = (await session.execute(_FIND, {"host": host})).scalar_one()
    await session.execute(_SET, {"registry": registry, "username": username, "image_pull": image_pull})
    for cluster, ciphertext in sealed.items():
        await session.execute(_PUT, {"registry": registry, "cluster": cluster, "ciphertext": ciphertext})
    return registry


async def delete(session: WriteSession, registry: UUID) -> str | None:
    """Remove a registry and its credentials; return its host, or None when there was none."""
    host = (await session.execute(_DELETE, {"registry": registry})).scalar_one_or_none()
    await session.execute(_FORGET, {"registry": registry})
    return host
