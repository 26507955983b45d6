"""The broker in memory, with the semantics that Slipway relies on: for tests, and for one process alone."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count

import msgspec
import structlog

from slipway.messaging import subjects
from slipway.messaging.broker import (
    BrokerUnavailable,
    Delivery,
    Listener,
    MessageTooLarge,
    NoResponders,
    Responder,
    SequenceMismatch,
    StreamMissing,
    StreamPoint,
)

log = structlog.get_logger()

MOST_BYTES = 8 * 1024 * 1024
"""Of one message, as the servers that Slipway starts and installs."""
_STREAM_OF = {
    subjects.JOBS_STREAM: subjects.JOBS_ALL,
    subjects.REPORTS_STREAM: subjects.REPORTS_ALL,
    subjects.EVENTS_STREAM: subjects.EVENTS_ALL,
}


class Stored(msgspec.Struct):
    """A message in a stream. `taken` while a consumer has it and has not settled it."""

    sequence: int
    subject: str
    data: bytes
    taken: bool = False
    deliveries: int = 0


class MemoryDelivery:
    def __init__(self, stream: "MemoryStream", stored: Stored) -> None:
        self._stream = stream
        self._stored = stored

    @property
    def subject(self) -> str:
        return self._stored.subject

    @property
    def data(self) -> bytes:
        return self._stored.data

    @property
    def sequence(self) -> int:
        return self._stored.sequence

    @property
    def deliveries(self) -> int:
        return self._stored.deliveries

    async def ack(self) -> None:
        self._stream.remove(self._stored)

    async def nak(self, delay_sec: float = 0.0) -> None:
        asyncio.get_running_loop().call_later(delay_sec, self._stream.give_back, self._stored)

    async def term(self) -> None:
        self._stream.remove(self._stored)


class MemoryStream:
    def __init__(self, name: str) -> None:
        self.name = name
        self.messages: list[Stored] = []
        self.last = 0
        self.last_data: bytes | None = None
        self.ids: set[str] = set()
        self.changed = asyncio.Event()

    def add(self, subject: str, data: bytes, message_id: str) -> int | None:
        """Store a message; None when its id was stored before."""
        if len(data) > MOST_BYTES:
            raise MessageTooLarge("the message is larger than the server takes")
        if message_id in self.ids:
            return None
        self.ids.add(message_id)
        self.last += 1
        self.last_data = data
        self.messages.append(Stored(sequence=self.last, subject=subject, data=data))
        self.changed.set()
        return self.last

    def take(self, subject: str, batch: int) -> list[Stored]:
        found = [each for each in self.messages if not each.taken and matches(subject, each.subject)][:batch]
        for each in found:
            each.taken = True
            each.deliveries += 1
        return found

    def give_back(self, stored: Stored) -> None:
        stored.taken = False
        self.changed.set()

    def remove(self, stored: Stored) -> None:
        self.messages = [each for each in self.messages if each is not stored]


class MemoryBroker:
    def __init__(self) -> None:
        self.connected = True
        self._streams: dict[str, MemoryStream] = {}
        self._consumers: dict[tuple[str, str], str] = {}
        self._responders: list[tuple[str, Responder]] = []
        self._listeners: list[tuple[str, Listener]] = []
        self._turn = count()

    async def wait_connected(self) -> None:
        """There is nothing to wait for."""

    async def ensure_topology(self, clusters: Sequence[str]) -> None:
        self._require()
        for name in _STREAM_OF:
            self._streams.setdefault(name, MemoryStream(name))
        self._consumers[subjects.REPORTS_STREAM, "projector"] = subjects.REPORTS_ALL
        for cluster in clusters:
            self._consumers[subjects.JOBS_STREAM, subjects.jobs_consumer(cluster)] = subjects.jobs(cluster)

    async def publish(self, subject: str, data: bytes, *, message_id: str, timeout: float = 5.0) -> None:  # noqa: ARG002
        self._require()
        self._stream_for(subject).add(subject, data, message_id)

    async def publish_expecting(
        self,
        subject: str,
        data: bytes,
        *,
        message_id: str,
        last_sequence: int,
        timeout: float = 5.0,  # noqa: ARG002
    ) -> int:
        self._require()
        stream = self._stream_for(subject)
        sequence = stream.add(subject, data, message_id) if stream.last == last_sequence else None
        if sequence is None:
            raise SequenceMismatch(f"the last sequence is {stream.last}")
        return sequence

    async def last_message(self, stream: str) -> StreamPoint:
        self._require()
        found = self._stream(stream)
        return StreamPoint(sequence=found.last, data=found.last_data)

    async def fetch(self, stream: str, consumer: str, *, batch: int, timeout: float) -> list[Delivery]:
        self._require()
        found = self._stream(stream)
        subject = self._consumers[stream, consumer]
        until = asyncio.get_running_loop().time() + timeout
        while not (taken := found.take(subject, batch)):
            found.changed.clear()
            try:
                await asyncio.wait_for(found.changed.wait(), until - asyncio.get_running_loop().time())
            except TimeoutError:
                return []
        return [MemoryDelivery(found, each) for each in taken]

    async def read_stream(
        self, stream: str, *, start_sequence: int, subject: str | None = None
    ) -> AsyncIterator[Delivery]:
        self._require()
        found, position = self._stream(stream), start_sequence - 1
        while True:
            found.changed.clear()
            for each in [each for each in found.messages if each.sequence > position]:
                position = each.sequence
                if subject is None or matches(subject, each.subject):
                    yield MemoryDelivery(found, each)
            if not any(each.sequence > position for each in found.messages):
                await found.changed.wait()

    async def stream_names(self) -> list[str]:
        return list(self._streams)

    async def delete_stream(self, stream: str) -> None:
        self._stream(stream)
        del self._streams[stream]

    async def send(self, subject: str, data: bytes) -> None:
        if self.connected:
            for pattern, listener in list(self._listeners):
                if matches(pattern, subject):
                    await listener(subject, data)

    async def request(self, subject: str, data: bytes, *, timeout: float) -> bytes:
        self._require()
        able = [responder for pattern, responder in self._responders if matches(pattern, subject)]
        if not able:
            raise NoResponders("nobody answers on this subject")
        try:
            answer = await asyncio.wait_for(able[next(self._turn) % len(able)](subject, data), timeout)
        except Exception as error:  # a responder that breaks, or is too slow, answers nothing
            log.warning("responder_broke", subject=subject, error=type(error).__name__)
            raise BrokerUnavailable("no answer in time") from error
        if answer is None:
            raise BrokerUnavailable("no answer in time")
        return answer

    @asynccontextmanager
    async def respond(self, subject: str, responder: Responder, *, group: str) -> AsyncGenerator[None]:  # noqa: ARG002
        entry = (subject, responder)
        self._responders.append(entry)
        try:
            yield
        finally:
            self._responders.remove(entry)

    @asynccontextmanager
    async def listen(self, subject: str, listener: Listener) -> AsyncGenerator[None]:
        entry = (subject, listener)
        self._listeners.append(entry)
        try:
            yield
        finally:
            self._listeners.remove(entry)

    async def close(self) -> None:
        self.connected = False

    def _require(self) -> None:
        if not self.connected:
            raise BrokerUnavailable("not connected")

    def _stream(self, name: str) -> MemoryStream:
        try:
            return self._streams[name]
        except KeyError:
            raise StreamMissing(name) from None

    def _stream_for(self, subject: str) -> MemoryStream:
        return self._stream(next((name for name, pattern in _STREAM_OF.items() if matches(pattern, subject)), subject))


def matches(pattern: str, subject: str) -> bool:
    """Tell whether a subject meets a pattern with `*` tokens."""
    wanted, given = pattern.split("."), subject.split(".")
    return len(wanted) == len(given) and all(want in ("*", have) for want, have in zip(wanted, given, strict=True))
