"""Has chart archives kept by the installation's database, through the schedulers, in pieces that a message can carry."""

import msgspec

from slipway.messaging import subjects
from slipway.messaging.broker import Broker
from slipway.messaging.messages import PIECE_BYTES, ArchivePiece, WantedPiece, encode
from slipway_executor.charts.fetch import Fetched

TIMEOUT_SEC = 10.0


class Keeper:
    def __init__(self, broker: Broker, cluster: str) -> None:
        self._broker = broker
        self._cluster = cluster

    async def fetch(self, digest: str) -> Fetched | None:
        """Return what was kept under a digest, unproven; None when it is not there whole. BrokerError: nobody answers."""
        first = await self._piece(digest, 0)
        if first is None:
            return None
        archive = bytearray()
        for number in range(1, first.total):
            piece = await self._piece(digest, number)
            if piece is None:
                return None
            archive += piece.content
        return Fetched(archive=bytes(archive), manifest=first.content)

    async def store(self, digest: str, fetched: Fetched) -> None:
        """Have an archive kept that is not kept yet."""
        pieces = [fetched.archive[at : at + PIECE_BYTES] for at in range(0, len(fetched.archive), PIECE_BYTES)]
        if await self._piece(digest, len(pieces)):  # the last one is written last
            return
        for number, content in enumerate([fetched.manifest, *pieces]):
            piece = ArchivePiece(digest=digest, number=number, total=len(pieces) + 1, content=content)
            await self._broker.request(subjects.keep(self._cluster), encode(piece), timeout=TIMEOUT_SEC)

    async def _piece(self, digest: str, number: int) -> ArchivePiece | None:
        wanted = encode(WantedPiece(digest=digest, number=number))
        raw = await self._broker.request(subjects.kept(self._cluster), wanted, timeout=TIMEOUT_SEC)
        return msgspec.json.decode(raw, type=ArchivePiece | None)
