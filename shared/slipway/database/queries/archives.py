"""Chart archives in pieces."""

from sqlalchemy import text

from slipway.database.engine import ReadSession, WriteSession
from slipway.messaging.messages import ArchivePiece

_KEEP = text(
    "INSERT INTO chart_archive_part (digest, number, total, content) VALUES (:digest, :number, :total, :content)"
    " ON CONFLICT DO NOTHING"
)
_KEPT = text("SELECT total, content FROM chart_archive_part WHERE digest = :digest AND number = :number")


async def keep(session: WriteSession, piece: ArchivePiece) -> None:
    """Insert a piece; one that is there already stays."""
    values = {"digest": piece.digest, "number": piece.number, "total": piece.total, "content": piece.content}
    await session.execute(_KEEP, values)


async def kept(session: ReadSession, digest: str, number: int) -> ArchivePiece | None:
    row = (await session.execute(_KEPT, {"digest": digest, "number": number})).one_or_none()
    return ArchivePiece(digest=digest, number=number, total=row.total, content=row.content) if row else None
