"""Keeps chart archives for executors, of every cluster: proven when the last piece comes, and again by who uses them."""

import asyncio

import msgspec
import structlog

from slipway.database.engine import Database, ReadSession
from slipway.database.queries import archives
from slipway.domain.archives import is_named_by
from slipway.messaging.messages import ArchivePiece, WantedPiece, encode

log = structlog.get_logger()


class Archives:
    """Responders of the schedulers' queue group. An error answers nothing: the executor asks again another time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, subject: str, request: bytes) -> bytes | None:
        """Keep a piece; with the last one, nothing at all of what is not the archive: another executor may begin anew."""
        piece = msgspec.json.decode(request, type=ArchivePiece)
        async with self._database.writing() as session:
            await archives.keep(session, piece)
            if piece.number + 1 == piece.total and not await self._proven(session, piece.digest):
                await archives.forget(session, piece.digest)
                log.warning("archive_not_proven", digest=piece.digest, subject=subject)
        return encode(None)

    async def _proven(self, session: ReadSession, digest: str) -> bool:
        found = await archives.whole(session, digest)
        return found is not None and await asyncio.to_thread(is_named_by, digest, manifest=found[0], archive=found[1])

    async def kept(self, subject: str, request: bytes) -> bytes | None:  # noqa: ARG002 - a responder's signature
        wanted = msgspec.json.decode(request, type=WantedPiece)
        async with self._database.reading() as session:
            return encode(await archives.kept(session, wanted.digest, wanted.number))
