"""The port that carries messages. Two adapters: `jetstream` for real, `memory` for tests; one contract suite for both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec


class BrokerError(Exception):
    """The broker refused or did not answer in time. Nothing is known about the message: try again with the same id."""


class BrokerUnavailable(BrokerError):
    """No connection at this moment."""


class MessageTooLarge(BrokerError):
    """The message is larger than the server takes: the same one never gets through."""


class SequenceMismatch(BrokerError):
    """Another publisher was ahead: the stream's last sequence is not the expected one."""


class StreamMissing(BrokerError):
    """The stream or consumer does not exist (yet, or any more)."""


class NoResponders(BrokerError):
    """Nobody serves that request subject right now."""


class StreamPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The last message of a stream: its sequence, and its body (None when the stream is empty)."""

    sequence: int
    data: bytes | None


class Delivery(Protocol):
    """One message from a pull consumer, settled exactly once."""

    @property
    def subject(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def sequence(self) -> int:
        """Position in the stream, from 1."""
        ...

    @property
    def deliveries(self) -> int:
        """How often the message was delivered so far, this time included."""
        ...

    async def ack(self) -> None:
        """Settle and wait until the server has confirmed it."""
        ...

    async def nak(self, delay_sec: float = 0.0) -> None: ...
    async def term(self) -> None:
        """Never deliver it again."""
        ...


Responder = Callable[[str, bytes], Awaitable[bytes | None]]
"""Takes (subject, request), returns the reply; None sends no reply."""
Listener = Callable[[str, bytes], Awaitable[None]]


class Broker(Protocol):
    """Everything that Slipway asks of a message system. All times are seconds."""

    @property
    def connected(self) -> bool: ...

    async def ensure_topology(self, clusters: Sequence[str]) -> None:
        """Create streams and consumers that are missing, leave those that exist. Idempotent."""
        ...

    async def publish(self, subject: str, data: bytes, *, message_id: str, timeout: float = 5.0) -> None:
        """Store a message in its stream; returns when stored. A duplicate id within the window is a success."""
        ...

    async def publish_expecting(
        self, subject: str, data: bytes, *, message_id: str, last_sequence: int, timeout: float = 5.0
    ) -> int:
        """Store a message only when the stream's last sequence is `last_sequence`; return the new one."""
        ...

    async def last_message(self, stream: str) -> StreamPoint: ...

    async def fetch(self, stream: str, consumer: str, *, batch: int, timeout: float) -> list[Delivery]:
        """Return up to `batch` messages as soon as one is there, or an empty list after `timeout`."""
        ...

    def read_stream(self, stream: str, *, start_sequence: int, subject: str | None = None) -> AsyncIterator[Delivery]:
        """Follow a stream in order from a sequence without settling anything (an ordered consumer)."""
        ...

    async def send(self, subject: str, data: bytes) -> None:
        """Core publish, lossy: nothing is stored, nobody may listen, and a lost connection is no error."""
        ...

    async def request(self, subject: str, data: bytes, *, timeout: float) -> bytes: ...

    def respond(self, subject: str, responder: Responder, *, group: str) -> AbstractAsyncContextManager[None]:
        """Answer requests on a subject (wildcards allowed) while the context is open; members of a group share them."""
        ...

    def listen(self, subject: str, listener: Listener) -> AbstractAsyncContextManager[None]:
        """Hear core messages while the context is open."""
        ...

    async def close(self) -> None: ...


def connection_check(broker: Broker) -> Callable[[], Awaitable[None]]:
    """Return a health check that raises BrokerUnavailable while there is no connection."""

    async def check() -> None:
        if not broker.connected:
            raise BrokerUnavailable

    return check
