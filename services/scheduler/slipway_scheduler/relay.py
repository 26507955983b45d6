"""Publishes the outbox as the event stream, from wherever the stream ends: no owner, no duplicate, no gap."""

import asyncio

import msgspec
import structlog

from slipway.database.engine import Database
from slipway.database.queries import feed
from slipway.database.queries.feed import FeedRow, Head
from slipway.domain.events import CloudEvent
from slipway.failpoints import hit
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError, SequenceMismatch, StreamMissing
from slipway.messaging.messages import encode
from slipway_scheduler.metrics import EVENTS_PUBLISHED, RELAY_AHEAD

log = structlog.get_logger()

LARGEST = 900 * 1024
"""Of a message, in bytes: below what NATS takes by default."""
PAGE = 200
WINDOW = 50
"""Events under way to the stream at once."""


class RelayAhead(Exception):
    """The stream holds events that PostgreSQL does not know: it was restored to an earlier time.

    Nothing is published until an operator has said so (`installation.epoch` rises then).
    """


class StreamRefuses(Exception):
    """The event stream is there and takes no event: NATS's disk is full, for one. Nothing is lost; it is tried again."""


class End(msgspec.Struct, frozen=True, kw_only=True):
    """Where the stream ends: NATS's sequence, and the feed's position there."""

    sequence: int
    epoch: int
    pos: int
    known: bool = True
    """False when the last message itself has aged away."""


class Relay:
    def __init__(self, database: Database, broker: Broker) -> None:
        self._database = database
        self._broker = broker
        self._end: End | None = None
        self._head: Head | None = None
        self._seen = False
        """The stream's end was read once: before that, nothing tells whether the feed went back."""
        self.ahead = False
        self._refused = False
        self.position: tuple[int, int] | None = None
        """Epoch and position up to which all is on the stream; None until the stream was read."""

    async def run_once(self) -> int:
        """Number new outbox rows, publish what the stream lacks; return how many events were published."""
        published = await self._go_on()
        return await self._catch_up() if published is None else published

    async def _go_on(self) -> int | None:
        """Number and publish by one statement what is new, where the stream ends as the feed did; None where more is to do."""
        head, end = self._head, self._end
        if not self._broker.connected or not head or not end or (end.epoch, end.pos) != (head.epoch, head.pos):
            return None
        rows = await feed.stamp_next(self._database, head, limit=PAGE)
        if rows is None:
            return None
        self._head = msgspec.structs.replace(head, pos=rows[-1].pos) if rows else head
        if not await self._publish(rows, end, head) or len(rows) == PAGE:
            return None
        self.position = (self._head.epoch, self._head.pos)
        return len(rows)

    async def _catch_up(self) -> int:
        if not await self._has_seen_the_end():
            return 0
        head = await self._number()
        if not self._broker.connected:
            return 0
        published = 0
        while True:
            end = self._end or await self._read_end()
            self._head = head = await self._not_behind(end, head)
            self.position = (end.epoch, end.pos) if end.known else self.position
            async with self._database.reading() as session:
                rows = await feed.page(session, epoch=end.epoch, pos=end.pos, limit=PAGE, recent_only=not end.known)
            if not await self._publish(rows, end, head):
                continue
            published += len(rows)
            if len(rows) < PAGE:
                self.position = max((end.epoch, end.pos), (head.epoch, head.pos))
                return published

    async def _has_seen_the_end(self) -> bool:
        """Look where the stream ends, when that is not known, and tell whether it was seen since the start."""
        if self._end is None and self._broker.connected:
            try:
                self._end = await self._read_end()
            except BrokerError:
                if not self._seen:
                    raise
        return self._seen

    async def check(self) -> None:
        """A health check: raises RelayAhead while the relay stands still, StreamRefuses when the last event was not taken."""
        if self.ahead:
            raise RelayAhead
        if self._refused:
            raise StreamRefuses

    async def _number(self) -> Head:
        """Return the head after numbering new rows. A feed that went back is numbered by nobody: others have those positions."""
        async with self._database.writing() as session:
            head = await feed.head(session)
            if self._end and _ahead(self._end, head):
                return head
            await feed.stamp(session)
            return await feed.head(session)

    async def _publish(self, rows: list[FeedRow], end: End, head: Head) -> bool:
        """Publish events that follow an end; False when another relay was faster, or the stream was made anew."""
        try:
            for start in range(0, len(rows), WINDOW):
                end = await self._publish_window(rows[start : start + WINDOW], end, head)
        except SequenceMismatch:
            self._end = None
            return False
        except StreamMissing:
            self._end = None
            raise
        except BrokerError:
            self._refused = True
            raise
        self._end = end if end.known else self._end
        self._refused = False
        return True

    async def _publish_window(self, rows: list[FeedRow], end: End, head: Head) -> End:
        """Publish events without waiting for each other: every one is refused unless all before it are stored."""
        publishing = [
            self._broker.publish_expecting(
                subjects.events(row.deployment_id),
                _fitting(feed.cloud_event(row, head.uid)),
                message_id=f"{row.epoch}-{row.pos}",
                last_sequence=end.sequence + ahead,
            )
            for ahead, row in enumerate(rows)
        ]
        for row, stored in zip(rows, await asyncio.gather(*publishing, return_exceptions=True), strict=True):
            if isinstance(stored, BaseException):
                raise stored
            hit("relay.published")
            EVENTS_PUBLISHED.inc()
            end = self._end = End(sequence=stored, epoch=row.epoch, pos=row.pos)
        return end

    async def _read_end(self) -> End:
        last = await self._broker.last_message(subjects.EVENTS_STREAM)
        self._seen = True
        if last.data is None:
            return End(sequence=last.sequence, epoch=0, pos=0, known=last.sequence == 0)
        event = msgspec.json.decode(last.data, type=CloudEvent)
        return End(sequence=last.sequence, epoch=event.slipwayepoch, pos=event.slipwaypos)

    async def _not_behind(self, end: End, head: Head) -> Head:
        """Return the head, read again when another relay was faster; RelayAhead when the stream knows more than PostgreSQL."""
        if _ahead(end, head):
            async with self._database.reading() as session:
                head = await feed.head(session)
        self.ahead = _ahead(end, head)
        RELAY_AHEAD.set(self.ahead)
        if self.ahead:
            self._end = None
            log.error("relay_ahead", stream_pos=end.pos, database_pos=head.pos, epoch=head.epoch)
            raise RelayAhead
        return head


def _ahead(end: End, head: Head) -> bool:
    return (end.epoch, end.pos) > (head.epoch, head.pos)


def _fitting(event: CloudEvent) -> bytes:
    """Return the event as a message; one that no message can carry tells only who did it: positions have no gaps."""
    body = encode(event)
    if len(body) <= LARGEST:
        return body
    log.error("event_too_large", type=event.type, pos=event.slipwaypos, bytes=len(body))
    told = {"actor": event.data.get("actor"), "truncated": True}
    return encode(msgspec.structs.replace(event, data=told))
