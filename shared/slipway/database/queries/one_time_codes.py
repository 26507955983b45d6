"""Codes that sign a user in once: one-time links, and the way back from an OpenID Connect issuer."""

from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import WriteSession

LIFETIME_SEC = 60

_ADD = text(
    "INSERT INTO one_time_code (hash, user_id, via, expires_at)"
    " VALUES (:hash, :user, :via, now() + make_interval(secs => :seconds))"
)
_USE = text(
    """
    UPDATE one_time_code c SET used_at = now() FROM users u
    WHERE c.hash = :hash AND c.used_at IS NULL AND c.expires_at > now() AND u.id = c.user_id AND u.deleted_at IS NULL
    RETURNING c.user_id, c.via
    """
)


class Redeemed(msgspec.Struct, frozen=True, kw_only=True):
    user_id: UUID
    via: str


async def add(session: WriteSession, user: UUID, *, code_hash: str, via: str) -> None:
    await session.execute(_ADD, {"hash": code_hash, "user": user, "via": via, "seconds": LIFETIME_SEC})


async def use(session: WriteSession, code_hash: str) -> Redeemed | None:
    """Spend a code; None when it is none, spent or over. The scope's credential is its hash."""
    row = (await session.execute(_USE, {"hash": code_hash})).mappings().one_or_none()
    return Redeemed(**row) if row else None
