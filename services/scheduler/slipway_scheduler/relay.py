"""Publishes the outbox as the event stream, from wherever the stream ends: no owner, no duplicate, no gap."""

import msgspec
import structlog

from slipway.database.engine import Database
from slipway.database.queries import feed
from slipway.database.queries.feed import FeedRow, Head
from slipway.domain.events import CloudEvent
from slipway.failpoints import hit
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, SequenceMismatch, StreamMissing
from slipway.messaging.messages import encode

log = structlog.get_logger()

LARGEST = 900 * 1024
"""Of a message, in bytes: below what NATS takes by default."""
PAGE = 200


class RelayAhead(Exception):
    """The stream holds events that PostgreSQL does not know: it was restored to an earlier time.

    Nothing is published until an operator has said so (`installation.epoch` rises then).
    """


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
        self.ahead = False

    async def run_once(self) -> int:
        """Number new outbox rows, publish what the stream lacks; return how many events were published."""
        async with self._database.writing() as session:
            await feed.stamp(session)
            head = await feed.head(session)
        if not self._broker.connected:
            return 0
        published = 0
        while True:
            end = self._end or await self._read_end()
            head = await self._not_behind(end, head)
            async with self._database.reading() as session:
                rows = await feed.page(session, epoch=end.epoch, pos=end.pos, limit=PAGE, recent_only=not end.known)
            try:
                published += await self._publish(rows, end, head)
            except SequenceMismatch:  # another relay was faster, or the stream was made anew: look again
                self._end = None
                continue
            except StreamMissing:
                self._end = None
                raise
            if len(rows) < PAGE:
                return published

    async def check_not_ahead(self) -> None:
        """A health check: raises RelayAhead while the relay stands still."""
        if self.ahead:
            raise RelayAhead

    async def _publish(self, rows: list[FeedRow], end: End, head: Head) -> int:
        for row in rows:
            sequence = await self._broker.publish_expecting(
                subjects.events(row.deployment_id),
                _fitting(feed.cloud_event(row, head.uid)),
                message_id=f"{row.epoch}-{row.pos}",
                last_sequence=end.sequence,
            )
            hit("relay.published")
            end = self._end = End(sequence=sequence, epoch=row.epoch, pos=row.pos)
        self._end = end if end.known else self._end
        return len(rows)

    async def _read_end(self) -> End:
        last = await self._broker.last_message(subjects.EVENTS_STREAM)
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
