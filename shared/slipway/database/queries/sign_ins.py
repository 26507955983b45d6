"""Sign-ins, their refresh tokens, and the one question that every request asks: who is this?"""

from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import Database, Scope, WriteSession, enter
from slipway.database.hot import Statement
from slipway.database.models import RefreshToken
from slipway.identity import new_id

REUSE_SEC = 10
"""So long after its use a refresh token may be used again: two tabs of a browser ask at the same moment."""

_IDENTIFY = Statement("SELECT id, email, is_admin FROM identify_sign_in(:user, CAST(:sign_in AS uuid))")
_BEGIN = text(
    "INSERT INTO sign_in (id, user_id, via, expires_at) VALUES (:id, :user, :via, now() + make_interval(days => :days))"
)
_TAKE = text(
    "SELECT sign_in_id, coalesce(used_at < now() - make_interval(secs => :reuse), false) AS stolen"
    " FROM refresh_token WHERE hash = :hash FOR UPDATE"
)
_OF = text(
    """
    SELECT s.user_id, s.ended_at IS NULL AND s.expires_at > now() AND u.deleted_at IS NULL AS live
    FROM sign_in s JOIN users u ON u.id = s.user_id WHERE s.id = :id
    """
)
_USED = text("UPDATE refresh_token SET used_at = now() WHERE hash = :hash AND used_at IS NULL")
_END = text("UPDATE sign_in SET ended_at = now() WHERE id = :id AND ended_at IS NULL RETURNING user_id")
_END_OTHERS = text(
    "UPDATE sign_in SET ended_at = now() WHERE user_id = :user AND ended_at IS NULL"
    " AND (CAST(:kept AS uuid) IS NULL OR id <> :kept)"
)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Who a valid token stands for."""

    id: UUID
    email: str
    is_admin: bool


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What a refresh token is worth."""

    sign_in_id: UUID
    user_id: UUID
    live: bool
    stolen: bool
    """Used before, and not just now."""


async def identify(database: Database, user: UUID, sign_in: UUID | None) -> Known | None:
    """Return the live user, unless the sign-in has ended."""
    rows = await database.hot_once(_IDENTIFY, user=user, sign_in=sign_in)
    return Known(**rows[0]) if rows else None


async def begin(session: WriteSession, user: UUID, *, via: str, days: int) -> UUID:
    """Insert a sign-in and return its id; the scope is its user's."""
    sign_in = new_id()
    await session.execute(_BEGIN, {"id": sign_in, "user": user, "via": via, "days": days})
    return sign_in


async def add_refresh(session: WriteSession, sign_in: UUID, token_hash: str) -> None:
    session.add(RefreshToken(hash=token_hash, sign_in_id=sign_in))
    await session.flush()


async def use_refresh(session: WriteSession, token_hash: str) -> Used | None:
    """Mark a refresh token used and return what it is worth; None when there is none. The scope's credential is its hash."""
    token = (await session.execute(_TAKE, {"hash": token_hash, "reuse": REUSE_SEC})).one_or_none()
    if token is None:
        return None
    await enter(session, Scope(credential=str(token.sign_in_id)))
    row = (await session.execute(_OF, {"id": token.sign_in_id})).mappings().one()
    await session.execute(_USED, {"hash": token_hash})
    return Used(**row, sign_in_id=token.sign_in_id, stolen=token.stolen)


async def end(session: WriteSession, sign_in: UUID) -> bool:
    """End a sign-in with its tokens; False when it had ended."""
    return (await session.execute(_END, {"id": sign_in})).one_or_none() is not None


async def end_all(session: WriteSession, user: UUID, *, but: UUID | None = None) -> None:
    """End every sign-in of a user, one aside when it is named."""
    await session.execute(_END_OTHERS, {"user": user, "kept": but})
