"""The live feed: one subscription for all clients of this process, a bounded queue for each.

An event goes only to those who may see it, and what is sent of it is made once: what a process does for one event does not grow
with its clients, but for handing it on. Hence no client sees every position: whether one is missing is noticed once, for all.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from enum import Enum, auto
from uuid import UUID

import msgspec
import structlog

from slipway.clock import Clock
from slipway.database.engine import Database, Scope
from slipway.database.queries import feed
from slipway.domain.events import CloudEvent
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError
from slipway.messaging.messages import Progress
from slipway_api.live_lines import Line, Position, line_of, position_of, progress_line
from slipway_api.mailbox import Mailbox
from slipway_api.metrics import LIVE_CLIENTS, LIVE_DROPPED

log = structlog.get_logger()

QUEUE = 256
FOR_PROGRESS = 64
"""Progress is left out for a client that has more than these to take."""
PAGE = 200
RETRY_SEC = 1.0


class _Gap(Enum):
    """What a client may find in place of an event."""

    GAP = auto()
    """Something did not come over NATS: look into the table."""
    QUIET = auto()
    """Nothing came for a while."""


Coming = Line | _Gap | None
"""None: it has ended."""


class _Client:
    """One that follows: what it may see, and what it has yet to take. None ends it."""

    __slots__ = ("coming", "owner", "progress")

    def __init__(self, owner: UUID | None, *, progress: bool) -> None:
        self.owner = owner
        self.progress = progress
        self.coming = Mailbox[Coming]()

    async def next(self, quiet_sec: float | None) -> "Coming":
        """Return what comes next, or QUIET when nothing does for so long."""
        try:
            return await self.coming.take(quiet_sec)
        except TimeoutError:
            return _Gap.QUIET


class LiveFeed:
    def __init__(self, database: Database, broker: Broker | None, clock: Clock) -> None:
        self._database = database
        self._broker = broker
        self._clock = clock
        self._clients: dict[UUID | None, set[_Client]] = {}
        """By the owner whose events they may see; None: those who see all."""
        self._last: Position | None = None
        """Of the newest event that came over NATS; None before the first."""

    @property
    def clients(self) -> int:
        return sum(map(len, self._clients.values()))

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the event stream from its last event, for ever; a broken subscription is made again.

        The last one again, as it may have come while the subscription was broken: clients that know it skip it.
        """
        LIVE_CLIENTS.set_function(lambda: self.clients)
        while not stop.is_set() and self._broker is not None:
            try:
                last = await self._broker.last_message(subjects.EVENTS_STREAM)
                reading = self._broker.read_stream(subjects.EVENTS_STREAM, start_sequence=last.sequence)
                await self._look_back()
                async for delivery in reading:
                    self._give(msgspec.json.decode(delivery.data, type=CloudEvent))
            except (BrokerError, msgspec.DecodeError) as error:
                log.info("live_feed_interrupted", error=type(error).__name__)
            await self._clock.sleep(RETRY_SEC)

    def end(self) -> None:
        """End every client's feed: this process stops, and each goes on at another from where it was."""
        for client in self._all():
            self._let_go(client)

    def tell(self, progress: Progress) -> None:
        """Hand progress to those of its owner and of admins who asked for it and keep up."""
        hearing = [each for each in self._who_see(progress.owner) if each.progress and len(each.coming) < FOR_PROGRESS]
        if hearing:
            line = progress_line(progress)
            for client in hearing:
                client.coming.put(line)

    async def follow(
        self, *, after: Position | None, owner: UUID | None, quiet_sec: float | None = None, progress: bool = False
    ) -> AsyncGenerator[Line | None]:
        """Yield events after a position (None: from now on), of one owner when given; missed ones come from the database.

        With `quiet_sec`, None is yielded whenever nothing came for so long; with `progress`, how far jobs are as well.
        """
        client = _Client(owner, progress=progress)
        self._clients.setdefault(owner, set()).add(client)
        try:
            position = after or await self._head()
            coming: Coming = _Gap.GAP if after else _Gap.QUIET
            while coming is not None:
                if coming is _Gap.GAP:
                    async for event in self._missed(position, owner):
                        position = position_of(event)
                        yield line_of(event)
                elif isinstance(coming, Line) and (coming.position is None or coming.position > position):
                    position = coming.position or position
                    yield coming
                while (found := await client.next(quiet_sec)) is _Gap.QUIET:
                    yield None
                coming = found
        finally:
            self._forget(client)

    async def _look_back(self) -> None:
        """Have all clients look into the table for what came while nobody listened; from its end on NATS brings the rest."""
        try:
            self._last = max(await self._head(), self._last or (0, 0))
        except Exception as error:  # noqa: BLE001 - the next event is taken for a gap then
            log.info("live_feed_head_unknown", error=type(error).__name__)
        self._tell_all(_Gap.GAP)

    def _give(self, event: CloudEvent) -> None:
        """Hand an event to those who may see it. When it does not follow the one before, all look into the table first."""
        position = position_of(event)
        if self._last is None or (position[0], position[1] - 1) > self._last:
            self._tell_all(_Gap.GAP)
        self._last = max(position, self._last or position)
        if seeing := self._who_see(event.slipwayowner):
            line = line_of(event)
            for client in seeing:
                self._put(client, line)

    def _tell_all(self, what: "_Gap") -> None:
        for client in self._all():
            self._put(client, what)

    def _put(self, client: _Client, what: "Line | _Gap") -> None:
        if len(client.coming) < QUEUE:
            client.coming.put(what)
        else:
            LIVE_DROPPED.inc()
            self._let_go(client)

    def _let_go(self, client: _Client) -> None:
        self._forget(client)
        client.coming.put(None)

    def _who_see(self, owner: UUID | None) -> list[_Client]:
        return [client for each in {None, owner} for client in self._clients.get(each, ())]

    def _all(self) -> list[_Client]:
        return [client for clients in self._clients.values() for client in clients]

    def _forget(self, client: _Client) -> None:
        clients = self._clients.get(client.owner, set())
        clients.discard(client)
        if not clients:
            self._clients.pop(client.owner, None)

    async def _head(self) -> Position:
        async with self._database.reading() as session:
            head = await feed.head(session)
        return head.epoch, head.pos

    async def _missed(self, after: Position, owner: UUID | None) -> AsyncIterator[CloudEvent]:
        scope = Scope(user_id=owner, is_admin=owner is None)
        while True:
            async with self._database.reading(scope) as session:
                head = await feed.head(session)
                rows = await feed.page(session, epoch=after[0], pos=after[1], limit=PAGE, owner=owner)
            for row in rows:
                after = (row.epoch, row.pos)
                yield feed.cloud_event(row, head.uid)
            if len(rows) < PAGE:
                return
