"""Chart archives in pieces: of versions that somebody may still deploy or go back to, and what was uploaded within a day."""

import msgspec
from sqlalchemy import text

from slipway.database.engine import ReadSession, WriteSession
from slipway.messaging.messages import ArchivePiece

_NEEDED = """
    SELECT FROM product_template_version t JOIN product p ON p.id = t.product_id
    WHERE t.chart_digest = {digest}
      AND (t.deleted_at IS NULL AND p.deleted_at IS NULL
           OR EXISTS (SELECT FROM deployment d WHERE d.desired_template_id = t.id AND d.deleted_at IS NULL)
           OR EXISTS (SELECT FROM deployment_revision r JOIN deployment d ON d.id = r.deployment_id
                      WHERE r.template_id = t.id AND d.deleted_at IS NULL))
"""
_KEEP = text(
    f"""
    INSERT INTO chart_archive_part (digest, number, total, content)
    SELECT CAST(:digest AS text), CAST(:number AS integer), CAST(:total AS integer), CAST(:content AS bytea)
    WHERE EXISTS ({_NEEDED.format(digest=":digest")})
    ON CONFLICT DO NOTHING
    """
)
_KEEP_UPLOADED = text(
    "INSERT INTO chart_archive_part (digest, number, total, content) VALUES (:digest, :number, :total, :content)"
    " ON CONFLICT DO NOTHING"
)
_FORGET = text(
    f"""
    DELETE FROM chart_archive_part WHERE digest IN (
        SELECT a.digest FROM chart_archive_part a
        WHERE a.number = 0 AND a.created_at < now() - interval '1 day'
          AND NOT EXISTS ({_NEEDED.format(digest="a.digest")}) LIMIT 20)
    """  # noqa: S608 - fixed words only
)
_KEPT = text("SELECT total, content FROM chart_archive_part WHERE digest = :digest AND number = :number")
_WHOLE = text("SELECT number, total, content FROM chart_archive_part WHERE digest = :digest ORDER BY number")
_FORGET_ONE = text("DELETE FROM chart_archive_part WHERE digest = :digest")


async def keep(session: WriteSession, piece: ArchivePiece) -> None:
    """Insert a piece; one that is there already stays, and one of an archive that nobody needs is left out."""
    await session.execute(_KEEP, msgspec.structs.asdict(piece))


async def keep_uploaded(session: WriteSession, piece: ArchivePiece) -> None:
    """Insert a piece of an archive that has a day to become a version's."""
    await session.execute(_KEEP_UPLOADED, msgspec.structs.asdict(piece))


async def kept(session: ReadSession, digest: str, number: int) -> ArchivePiece | None:
    row = (await session.execute(_KEPT, {"digest": digest, "number": number})).one_or_none()
    return ArchivePiece(digest=digest, number=number, total=row.total, content=row.content) if row else None


async def whole(session: ReadSession, digest: str) -> tuple[bytes, bytes] | None:
    """Return manifest and archive as they are kept; None unless all pieces are there."""
    pieces = (await session.execute(_WHOLE, {"digest": digest})).all()
    if [(each.number, each.total) for each in pieces] != [(number, len(pieces)) for number in range(len(pieces))]:
        return None
    return pieces[0].content, b"".join(each.content for each in pieces[1:])


async def forget(session: WriteSession, digest: str) -> None:
    """Delete all that is kept under a digest."""
    await session.execute(_FORGET_ONE, {"digest": digest})


async def forget_unneeded(session: WriteSession) -> int:
    """Delete some archives that nobody needs any more; return how many pieces."""
    return (await session.execute(_FORGET)).rowcount  # type: ignore[attr-defined]
