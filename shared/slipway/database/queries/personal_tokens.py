"""Personal tokens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import func, select, text

from slipway.database.engine import Database, ReadSession, WriteSession
from slipway.database.hot import Statement
from slipway.database.models import PersonalToken
from slipway.database.queries import pages
from slipway.database.queries.pages import Cursor
from slipway.identity import new_id

_IDENTIFY = Statement("SELECT token, read_only, id, email, is_admin, unnoted FROM identify_token(:hash)")
_NOTE = text("UPDATE personal_token SET last_used_at = now() WHERE id = :id")
_DELETE = text("DELETE FROM personal_token WHERE id = :id AND user_id = :user RETURNING name")


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """Who sent a personal token, and what it lets them do."""

    token: UUID
    read_only: bool
    id: UUID
    email: str
    is_admin: bool
    unnoted: bool
    """Its use was not written down for five minutes."""


async def identify(database: Database, token_hash: str) -> Bearer | None:
    """Return whose token it is; None when it is none or has expired."""
    rows = await database.hot_once(_IDENTIFY, hash=token_hash)
    return Bearer(**rows[0]) if rows else None


async def note_use(session: WriteSession, token: UUID) -> None:
    await session.execute(_NOTE, {"id": token})


async def page(session: ReadSession, user: UUID, *, cursor: Cursor | None, limit: int) -> Sequence[PersonalToken]:
    statement = pages.page(select(PersonalToken).where(PersonalToken.user_id == user), PersonalToken, cursor, limit)
    return (await session.execute(statement)).scalars().all()


async def count(session: ReadSession, user: UUID) -> int:
    statement = select(func.count()).select_from(PersonalToken).where(PersonalToken.user_id == user)
    return (await session.execute(statement)).scalar_one()


async def add(
    session: WriteSession, user: UUID, *, name: str, token_hash: str, read_only: bool, expires_at: datetime | None
) -> PersonalToken:
    token = PersonalToken(
        id=new_id(), user_id=user, name=name, hash=token_hash, read_only=read_only, expires_at=expires_at
    )
    session.add(token)
    await session.flush()
    await session.refresh(token)
    return token


async def delete(session: WriteSession, user: UUID, token: UUID) -> str | None:
    """Remove a user's token and return its name; None when there is none."""
    return (await session.execute(_DELETE, {"id": token, "user": user})).scalar_one_or_none()
