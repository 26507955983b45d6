"""The live feed: one subscription for all clients of this process, a bounded queue for each."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import structlog

from slipway.clock import Clock
from slipway.database.engine import Database
from slipway.database.queries import feed
from slipway.domain.events import CloudEvent
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError

log = structlog.get_logger()

QUEUE = 256
PAGE = 200
RETRY_SEC = 1.0

Position = tuple[int, int]
"""Epoch and position."""


class LiveFeed:
    def __init__(self, database: Database, broker: Broker | None, clock: Clock) -> None:
        self._database = database
        self._broker = broker
        self._clock = clock
        self._clients: set[asyncio.Queue[CloudEvent | None]] = set()

    @property
    def clients(self) -> int:
        return len(self._clients)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the event stream from its end, for ever; a broken subscription is made again."""
        while not stop.is_set() and self._broker is not None:
            try:
                last = await self._broker.last_message(subjects.EVENTS_STREAM)
                reading = self._broker.read_stream(subjects.EVENTS_STREAM, start_sequence=last.sequence + 1)
                async for delivery in reading:
                    self._give(msgspec.json.decode(delivery.data, type=CloudEvent))
            except (BrokerError, msgspec.DecodeError) as error:
                log.info("live_feed_interrupted", error=type(error).__name__)
            await self._clock.sleep(RETRY_SEC)

    async def follow(self, *, after: Position | None, owner: UUID | None) -> AsyncIterator[CloudEvent]:
        """Yield events after a position (None: from now on), of one owner when given; missed ones come from the database."""
        queue: asyncio.Queue[CloudEvent | None] = asyncio.Queue(QUEUE)
        self._clients.add(queue)
        try:
            position = after or await self._head()
            async for event in self._missed(position, owner):
                position = _position(event)
                yield event
            while (event := await queue.get()) is not None:
                if _position(event) <= position:
                    continue
                if position[1] + 1 < event.slipwaypos or position[0] != event.slipwayepoch:
                    async for missed in self._missed(position, owner, until=_position(event)):
                        yield missed
                position = _position(event)
                if owner is None or event.slipwayowner == owner:
                    yield event
        finally:
            self._clients.discard(queue)

    def _give(self, event: CloudEvent) -> None:
        for queue in tuple(self._clients):
            if queue.full():
                self._clients.discard(queue)
                queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)

    async def _head(self) -> Position:
        async with self._database.reading() as session:
            head = await feed.head(session)
        return head.epoch, head.pos

    async def _missed(
        self, after: Position, owner: UUID | None, until: Position | None = None
    ) -> AsyncIterator[CloudEvent]:
        while True:
            async with self._database.reading() as session:
                head = await feed.head(session)
                rows = await feed.page(session, epoch=after[0], pos=after[1], limit=PAGE, owner=owner)
            for row in rows:
                after = (row.epoch, row.pos)
                if until is not None and after >= until:
                    return
                yield feed.cloud_event(row, head.uid)
            if len(rows) < PAGE:
                return


def _position(event: CloudEvent) -> Position:
    return event.slipwayepoch, event.slipwaypos
