"""Sealed secrets of deployments."""

from collections.abc import Collection
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import ReadSession, WriteSession

_ALL = text("SELECT name, ciphertext FROM deployment_secret WHERE deployment_id = :deployment ORDER BY name")
_PUT = text(
    "INSERT INTO deployment_secret (deployment_id, name, ciphertext) VALUES (:deployment, :name, :ciphertext)"
    " ON CONFLICT (deployment_id, name) DO UPDATE SET ciphertext = excluded.ciphertext"
)
_KEEP_ONLY = text("DELETE FROM deployment_secret WHERE deployment_id = :deployment AND NOT name = ANY(:names)")
_KEY = text("SELECT public_key FROM cluster WHERE name = :cluster AND deleted_at IS NULL")


class SealedRow(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    ciphertext: str


async def of_deployment(session: ReadSession, deployment: UUID) -> list[SealedRow]:
    return [SealedRow(**row) for row in (await session.execute(_ALL, {"deployment": deployment})).mappings()]


async def put(session: WriteSession, deployment: UUID, name: str, ciphertext: str) -> None:
    """Store a secret, in place of the one of that name."""
    await session.execute(_PUT, {"deployment": deployment, "name": name, "ciphertext": ciphertext})


async def keep_only(session: WriteSession, deployment: UUID, names: Collection[str]) -> None:
    """Remove all secrets but those."""
    await session.execute(_KEEP_ONLY, {"deployment": deployment, "names": list(names)})


async def public_key(session: ReadSession, cluster: str) -> str | None:
    """Return the key that secrets of a cluster are sealed to; None until an executor told it."""
    return (await session.execute(_KEY, {"cluster": cluster})).scalar_one_or_none()
