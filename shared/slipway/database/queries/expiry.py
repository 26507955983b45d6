"""Deployments whose time is over, or nearly. All times are the database's."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import WriteSession

_LIVE = "d.expires_at IS NOT NULL AND d.deleted_at IS NULL AND d.status <> 'deleting'"
_WARN = text(
    f"""
    UPDATE deployment d SET expiry_warned_at = now()
    WHERE {_LIVE} AND d.expires_at <= now() + interval '24 hours' AND d.expiry_warned_at IS NULL
    RETURNING d.id, d.user_id AS owner, d.expires_at
    """  # noqa: S608 - fixed words only
)
_OVER = text(
    f"SELECT d.id, d.user_id AS owner, d.expires_at FROM deployment d WHERE {_LIVE} AND d.expires_at <= now()"  # noqa: S608
    " ORDER BY d.expires_at LIMIT 100"
)
_STILL_OVER = text(f"SELECT 1 FROM deployment d WHERE d.id = :deployment AND {_LIVE} AND d.expires_at <= now()")  # noqa: S608


class Expiring(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    owner: UUID
    expires_at: datetime


async def to_warn(session: WriteSession) -> list[Expiring]:
    """Mark and return those that expire within a day and were not warned of yet."""
    return [Expiring(**row) for row in (await session.execute(_WARN)).mappings()]


async def over(session: WriteSession) -> list[Expiring]:
    """Return some whose time is over."""
    return [Expiring(**row) for row in (await session.execute(_OVER)).mappings()]


async def still_over(session: WriteSession, deployment: UUID) -> bool:
    """Tell whether it is over still; its row is locked."""
    return (await session.execute(_STILL_OVER, {"deployment": deployment})).one_or_none() is not None
