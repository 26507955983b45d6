"""What was shown to users before a change."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.models import Preview
from slipway.identity import new_id

VALID_MINUTES = 15


async def valid(session: ReadSession, preview: UUID) -> Preview | None:
    """Return the caller's preview while it holds."""
    statement = select(Preview).where(Preview.id == preview, Preview.expires_at > func.now())
    return (await session.execute(statement)).scalar_one_or_none()


async def add(session: WriteSession, **fields: Any) -> Preview:
    """Insert a preview that holds for a quarter of an hour."""
    preview = Preview(id=new_id(), expires_at=func.now() + text(f"interval '{VALID_MINUTES} minutes'"), **fields)
    session.add(preview)
    await session.flush()
    await session.refresh(preview)
    return preview
