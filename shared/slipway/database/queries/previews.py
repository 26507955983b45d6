"""What was shown to users before a change."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select, text

from slipway.database.engine import ReadSession, Statements, WriteSession
from slipway.database.models import Preview
from slipway.identity import new_id

VALID_MINUTES = 15
_VALID = text("SELECT deployment_id, generation, inputs FROM preview WHERE id = :id AND expires_at > now()")
_UNTIL = func.now() + text(f"interval '{VALID_MINUTES} minutes'")


class Promised(msgspec.Struct, frozen=True, kw_only=True):
    """What a preview showed."""

    deployment_id: UUID | None
    generation: int
    inputs: str


async def valid(asked: Statements, preview: UUID) -> Promised | None:
    """Return what the caller's preview showed, while it holds."""
    row = (await asked.execute(_VALID, {"id": preview})).mappings().one_or_none()
    return Promised(**row) if row else None


async def add(session: WriteSession, **fields: Any) -> Preview:
    """Insert a preview that holds for a quarter of an hour."""
    preview = Preview(id=new_id(), expires_at=_UNTIL, **fields)
    session.add(preview)
    await session.flush()
    await session.refresh(preview)
    return preview


async def valid_until(session: ReadSession) -> datetime:
    """Return until when something that is shown now holds."""
    return (await session.execute(select(_UNTIL))).scalar_one()


async def database_now(session: ReadSession) -> datetime:
    """Return the time that decides whether something still holds."""
    return (await session.execute(select(func.now()))).scalar_one()
