"""Users and their quotas."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from slipway.database.engine import ReadSession, Statements, WriteSession
from slipway.database.errors import taken
from slipway.database.models import User
from slipway.database.queries import pages
from slipway.database.queries.pages import Cursor
from slipway.identity import new_id

_HOLD = text("SELECT 1 FROM users WHERE id = :user AND deleted_at IS NULL FOR NO KEY UPDATE")


async def by_email(session: ReadSession, email: str) -> User | None:
    """Return the live user with this address, in whatever case."""
    statement = select(User).where(func.lower(User.email) == email.lower(), User.deleted_at.is_(None))
    return (await session.execute(statement)).scalar_one_or_none()


async def get(session: ReadSession, user: UUID) -> User | None:
    """Return the live user."""
    statement = select(User).where(User.id == user, User.deleted_at.is_(None))
    return (await session.execute(statement)).scalar_one_or_none()


async def lock(session: WriteSession, user: UUID) -> User | None:
    """Lock and return the live user: first in the lock order of a change."""
    statement = select(User).where(User.id == user, User.deleted_at.is_(None)).with_for_update(key_share=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def hold(asked: Statements, user: UUID) -> bool:
    """Lock the live user without reading it; False when there is none."""
    return (await asked.execute(_HOLD, {"user": user})).one_or_none() is not None


async def page(session: ReadSession, *, cursor: Cursor | None, limit: int) -> Sequence[User]:
    statement = pages.page(select(User).where(User.deleted_at.is_(None)), User, cursor, limit)
    return (await session.execute(statement)).scalars().all()


async def add(session: WriteSession, **fields: Any) -> User:
    """Insert a user. Taken when the address is in use."""
    user = User(id=new_id(), **fields)
    session.add(user)
    with taken():
        await session.flush()
    return user


async def change(session: WriteSession, user: User, **fields: Any) -> None:
    """Write fields and read back what the database made of them. Taken when the address is in use."""
    for name, value in fields.items():
        setattr(user, name, value)
    with taken():
        await session.flush()
    await session.refresh(user)


async def delete(session: WriteSession, user: User) -> None:
    await session.execute(text("UPDATE users SET deleted_at = now() WHERE id = :id"), {"id": user.id})
