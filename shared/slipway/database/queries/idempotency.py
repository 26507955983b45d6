"""Answers that were given under an Idempotency-Key, kept for 24 hours."""

from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import Statements


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    request_hash: str
    status_code: int
    location: str | None
    body: bytes


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_FIND = text(
    """
    WITH of_yesterday AS (
        DELETE FROM idempotency_record WHERE user_id = :user AND key = :key AND created_at <= now() - interval '24 hours')
    SELECT request_hash, status_code, location, body FROM idempotency_record
    WHERE user_id = :user AND key = :key AND created_at > now() - interval '24 hours'
    """
)
_KEEP = text(
    "INSERT INTO idempotency_record (user_id, key, request_hash, status_code, location, body)"
    " VALUES (:user, :key, :hash, :status, :location, :body)"
)


async def find(session: Statements, user: UUID, key: str) -> Kept | None:
    """Return the answer given under this key. Two requests with one key are ordered until the first has committed."""
    await session.execute(_LOCK, {"name": f"{user}:{key}"})
    row = (await session.execute(_FIND, {"user": user, "key": key})).mappings().one_or_none()
    return Kept(**row) if row else None


async def keep(session: Statements, user: UUID, key: str, kept: Kept) -> None:
    """Store the answer, in the transaction of what it answers."""
    values = {"user": user, "key": key, "hash": kept.request_hash, "status": kept.status_code}
    await session.execute(_KEEP, {**values, "location": kept.location, "body": kept.body})
