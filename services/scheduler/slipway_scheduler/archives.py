"""Keeps chart archives for executors, who prove them by digest before they use them."""

import msgspec

from slipway.database.engine import Database
from slipway.database.queries import archives
from slipway.messaging.messages import ArchivePiece, WantedPiece, encode


class Archives:
    """Responders of the schedulers' queue group. An error answers nothing: the executor asks again another time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, subject: str, request: bytes) -> bytes | None:  # noqa: ARG002 - a responder's signature
        piece = msgspec.json.decode(request, type=ArchivePiece)
        async with self._database.writing() as session:
            await archives.keep(session, piece)
        return encode(None)

    async def kept(self, subject: str, request: bytes) -> bytes | None:  # noqa: ARG002 - a responder's signature
        wanted = msgspec.json.decode(request, type=WantedPiece)
        async with self._database.reading() as session:
            return encode(await archives.kept(session, wanted.digest, wanted.number))
