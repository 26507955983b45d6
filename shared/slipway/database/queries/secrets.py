"""Sealed secrets of deployments."""

from collections.abc import Collection
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import ReadSession, Statements, WriteSession

_ALL = text("SELECT name, ciphertext FROM deployment_secret WHERE deployment_id = :deployment ORDER BY name")
_PUT = text(
    "INSERT INTO deployment_secret (deployment_id, name, ciphertext) VALUES (:deployment, :name, :ciphertext)"
    " ON CONFLICT (deployment_id, name) DO UPDATE SET ciphertext = excluded.ciphertext"
)
_KEEP_ONLY = text("DELETE FROM deployment_secret WHERE deployment_id = :deployment AND NOT name = ANY(:names)")
_OF_REVISION = text(
    "INSERT INTO deployment_secret (deployment_id, name, ciphertext)"
    " SELECT r.deployment_id, s.key, s.value FROM deployment_revision r, jsonb_each_text(r.secrets_json) s"
    " WHERE r.deployment_id = :deployment AND r.revision = :revision"
)
_KEY = text("SELECT public_key FROM cluster WHERE name = :cluster AND deleted_at IS NULL")


_OF_CLUSTER = text(
    """
    SELECT s.deployment_id AS owner, s.ciphertext
    FROM deployment_secret s JOIN deployment d ON d.id = s.deployment_id WHERE d.cluster = :cluster
    UNION
    SELECT r.deployment_id, s.value FROM deployment_revision r JOIN deployment d ON d.id = r.deployment_id
    CROSS JOIN jsonb_each_text(r.secrets_json) s WHERE d.cluster = :cluster
    UNION
    SELECT c.registry_id, c.ciphertext FROM registry_credential c WHERE c.cluster = :cluster
    """
)
_SWAP = (
    text("UPDATE deployment_secret SET ciphertext = :sealed WHERE deployment_id = :owner AND ciphertext = :was"),
    text("UPDATE registry_credential SET ciphertext = :sealed WHERE registry_id = :owner AND ciphertext = :was"),
    text(
        """
        UPDATE deployment_revision SET secrets_json = (
            SELECT jsonb_object_agg(s.key, CASE WHEN s.value = :was THEN :sealed ELSE s.value END)
            FROM jsonb_each_text(secrets_json) s)
        WHERE deployment_id = :owner AND EXISTS (SELECT FROM jsonb_each_text(secrets_json) s WHERE s.value = :was)
        """
    ),
)


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One sealed value of a deployment or a registry, wherever it lies."""

    owner: UUID
    ciphertext: str


class SealedRow(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    ciphertext: str


async def of_deployment(session: Statements, deployment: UUID) -> list[SealedRow]:
    return [SealedRow(**row) for row in (await session.execute(_ALL, {"deployment": deployment})).mappings()]


async def put(session: Statements, deployment: UUID, name: str, ciphertext: str) -> None:
    """Store a secret, in place of the one of that name."""
    await session.execute(_PUT, {"deployment": deployment, "name": name, "ciphertext": ciphertext})


async def keep_only(session: Statements, deployment: UUID, names: Collection[str]) -> None:
    """Remove all secrets but those."""
    await session.execute(_KEEP_ONLY, {"deployment": deployment, "names": list(names)})


async def restore(session: WriteSession, deployment: UUID, revision: int) -> None:
    """Have the secrets again that a revision was made from, and no others."""
    await keep_only(session, deployment, ())
    await session.execute(_OF_REVISION, {"deployment": deployment, "revision": revision})


async def public_key(session: Statements, cluster: str) -> str | None:
    """Return the key that secrets of a cluster are sealed to; None until an executor told it."""
    return (await session.execute(_KEY, {"cluster": cluster})).scalar_one_or_none()


async def of_cluster(session: ReadSession, cluster: str) -> list[Stored]:
    """Return everything that is sealed to a cluster's key. Only an admin's scope sees all of it."""
    return [Stored(**row) for row in (await session.execute(_OF_CLUSTER, {"cluster": cluster})).mappings()]


async def swap(session: WriteSession, stored: Stored, sealed: str) -> None:
    """Store the same value sealed anew, in each place where it still lies."""
    for statement in _SWAP:
        await session.execute(statement, {"owner": stored.owner, "was": stored.ciphertext, "sealed": sealed})
