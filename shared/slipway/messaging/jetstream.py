"""The broker over NATS JetStream. The one border at which nats errors become `BrokerError`s."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import unquote, urlsplit

import nats.errors
import structlog
from nats.aio.client import DEFAULT_INBOX_PREFIX, Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import Header
from nats.js.errors import (
    APIError,
    NoStreamResponseError,
    NotFoundError,
    ServiceUnavailableError,
)

from slipway.messaging import streams
from slipway.messaging.broker import (
    BrokerError,
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
from slipway.messaging.following import UNREAD, Following
from slipway.messaging.permissions import inbox
from slipway.messaging.pull import Pull

log = structlog.get_logger()

CONNECT_RETRY_SEC = 1.0
WRONG_LAST_SEQUENCE = 10071

Hear = Callable[[Msg], Awaitable[None]]


class NoTls(nats.errors.Error):
    """The address says `tls://`, and the server asks for no TLS: the client would send the password as it is."""


class JetStreamDelivery:
    """A message of a pull consumer."""

    def __init__(self, message: Msg) -> None:
        self._message = message

    @property
    def subject(self) -> str:
        return self._message.subject

    @property
    def data(self) -> bytes:
        return self._message.data

    @property
    def sequence(self) -> int:
        return self._message.metadata.sequence.stream

    @property
    def deliveries(self) -> int:
        return self._message.metadata.num_delivered

    async def ack(self) -> None:
        with _border():
            await self._message.ack_sync(timeout=5)

    async def nak(self, delay_sec: float = 0.0) -> None:
        with _border():
            await self._message.nak(delay=delay_sec or None)

    async def term(self) -> None:
        with _border():
            await self._message.term()


class JetStreamBroker:
    """A connection that is made in the background and made again whenever it is lost."""

    def __init__(self, url: str, *, name: str, ca: str = "", unread: int = UNREAD) -> None:
        """`url` is `tls://user:password@host:port` (or `nats://`); `ca` a file with the authorities that TLS trusts.

        `unread` is how many messages of a followed stream may wait for their reader; more are read again later.
        """
        self._client = Client()
        self._jetstream: JetStreamContext = self._client.jetstream(timeout=5)
        self._following = Following(self._jetstream, unread=unread)
        self._pulls: dict[tuple[str, str], Pull] = {}
        self._connecting = asyncio.create_task(self._connect(url, name, ca))

    @property
    def connected(self) -> bool:
        return self._client.is_connected

    async def wait_connected(self) -> None:
        await asyncio.shield(self._connecting)

    async def ensure_topology(self, clusters: Sequence[str]) -> None:
        self._require()
        with _border():
            await streams.ensure(self._jetstream, clusters)

    async def publish(self, subject: str, data: bytes, *, message_id: str, timeout: float = 5.0) -> None:
        self._require()
        with _border():
            await self._jetstream.publish(subject, data, timeout=timeout, headers={Header.MSG_ID: message_id})

    async def publish_expecting(
        self, subject: str, data: bytes, *, message_id: str, last_sequence: int, timeout: float = 5.0
    ) -> int:
        self._require()
        headers: dict[str, str] = {Header.MSG_ID: message_id, Header.EXPECTED_LAST_SEQUENCE: str(last_sequence)}
        with _border():
            ack = await self._jetstream.publish(subject, data, timeout=timeout, headers=headers)
        if ack.duplicate:
            raise SequenceMismatch(f"message {message_id} is in the stream already")
        return ack.seq

    async def last_message(self, stream: str) -> StreamPoint:
        self._require()
        with _border():
            last = (await self._jetstream.stream_info(stream)).state.last_seq
            if not last:
                return StreamPoint(sequence=0, data=None)
            try:
                message = await self._jetstream.get_msg(stream, last)
            except NotFoundError:  # the stream is there, its last message has aged away
                return StreamPoint(sequence=last, data=None)
            return StreamPoint(sequence=last, data=message.data)

    async def fetch(self, stream: str, consumer: str, *, batch: int, timeout: float) -> list[Delivery]:
        self._require()
        pull = self._pulls.setdefault((stream, consumer), Pull(self._client, stream, consumer))
        with _border():
            return [JetStreamDelivery(message) for message in await pull.fetch(batch=batch, timeout=timeout)]

    async def read_stream(
        self, stream: str, *, start_sequence: int, subject: str | None = None
    ) -> AsyncIterator[Delivery]:
        self._require()
        messages = self._following.messages(stream, start_sequence=start_sequence, subject=subject)
        with _border():
            message = await anext(messages)
        try:
            while True:
                yield JetStreamDelivery(message)
                try:
                    with _border():
                        message = await anext(messages)
                except BrokerError:
                    return
        finally:
            await messages.aclose()

    async def stream_names(self) -> list[str]:
        """Return the streams that exist: for operators and tests."""
        self._require()
        with _border():
            return [str(info.config.name) for info in await self._jetstream.streams_info()]

    async def delete_stream(self, stream: str) -> None:
        """Remove a stream with all it holds: for operators and tests."""
        self._require()
        with _border():
            await self._jetstream.delete_stream(stream)

    async def send(self, subject: str, data: bytes) -> None:
        if self.connected:
            with contextlib.suppress(nats.errors.Error):
                await self._client.publish(subject, data)

    async def request(self, subject: str, data: bytes, *, timeout: float) -> bytes:
        self._require()
        with _border():
            return (await self._client.request(subject, data, timeout=timeout)).data

    @asynccontextmanager
    async def respond(self, subject: str, responder: Responder, *, group: str) -> AsyncGenerator[None]:
        async def answer(message: Msg) -> None:
            reply = await responder(message.subject, message.data)
            if reply is not None and message.reply:
                with contextlib.suppress(nats.errors.Error):
                    await self._client.publish(message.reply, reply)

        async with self._hearing(subject, answer, group):
            yield

    @asynccontextmanager
    async def listen(self, subject: str, listener: Listener) -> AsyncGenerator[None]:
        async def hear(message: Msg) -> None:
            await listener(message.subject, message.data)

        async with self._hearing(subject, hear, ""):
            yield

    @asynccontextmanager
    async def _hearing(self, subject: str, hear: Hear, group: str) -> AsyncGenerator[None]:
        """Handle each message in a task of its own: one slow answer holds up no other."""
        running: set[asyncio.Task[None]] = set()

        async def start(message: Msg) -> None:
            task = asyncio.create_task(_guarded(hear, message))
            running.add(task)
            task.add_done_callback(running.discard)

        await self.wait_connected()
        subscription = await self._client.subscribe(subject, queue=group, cb=start)
        await self._client.flush()
        try:
            yield
        finally:
            with contextlib.suppress(nats.errors.Error, ValueError):
                await subscription.unsubscribe()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def close(self) -> None:
        connected = self._connecting.done()
        self._connecting.cancel()
        await asyncio.gather(self._connecting, return_exceptions=True)
        if connected:  # the client cannot close what it never opened
            with contextlib.suppress(nats.errors.Error, OSError):
                await self._client.close()

    async def _connect(self, url: str, name: str, ca: str) -> None:
        parts = urlsplit(url)
        trusted = ssl.create_default_context(cafile=ca or None) if parts.scheme == "tls" else None

        def password() -> str:
            """Return the password; it is asked for at each connection, once the server has said whether it wants TLS."""
            info = self._client._server_info  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - nothing public tells it
            if trusted and not info.get("tls_required"):
                raise NoTls
            return unquote(parts.password or "")

        while True:
            try:
                await self._client.connect(
                    url,
                    name=name,
                    inbox_prefix=inbox(unquote(parts.username)) if parts.username else DEFAULT_INBOX_PREFIX,
                    user=unquote(parts.username) if parts.username else None,
                    password=password,
                    tls=trusted,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=1,
                    allow_reconnect=True,
                    error_cb=self._on_error,
                    connect_timeout=3,
                    ping_interval=10,
                )
            except (nats.errors.Error, OSError, TimeoutError) as error:
                log.warning("broker_connect_failed", error=type(error).__name__)
                await asyncio.sleep(CONNECT_RETRY_SEC)
            else:
                return

    async def _on_error(self, error: Exception) -> None:
        """Log the kind only: the text of a connection error may carry the address with its password."""
        log.info("broker_error", error=type(error).__name__)
        if isinstance(error, nats.errors.SlowConsumerError):
            self._following.dropped()

    def _require(self) -> None:
        if not self.connected:
            raise BrokerUnavailable("no connection to NATS")


async def _guarded(hear: Hear, message: Msg) -> None:
    try:
        await hear(message)
    except Exception as error:  # noqa: BLE001 - one bad message must not end the subscription
        log.warning("message_failed", subject=message.subject, error=type(error).__name__)


@contextmanager
def _border() -> Generator[None]:
    try:
        yield
    except NotFoundError as error:
        raise StreamMissing(error.description or "stream or consumer not found") from error
    except NoStreamResponseError as error:
        raise StreamMissing("no stream takes this subject") from error
    except nats.errors.NoRespondersError as error:
        raise NoResponders("nobody answers on this subject") from error
    except ServiceUnavailableError as error:  # nobody took the pull or API request: its stream is gone
        raise StreamMissing("stream or consumer does not answer") from error
    except APIError as error:
        if error.err_code == WRONG_LAST_SEQUENCE:
            raise SequenceMismatch(error.description or "wrong last sequence") from error
        raise BrokerError(error.description or f"JetStream error {error.code}") from error
    except (nats.errors.TimeoutError, TimeoutError) as error:
        raise BrokerError("no answer in time") from error
    except (nats.errors.OutboundBufferLimitError, nats.errors.ConnectionClosedError, OSError) as error:
        raise BrokerUnavailable(type(error).__name__) from error
    except nats.errors.Error as error:
        kind = MessageTooLarge if isinstance(error, nats.errors.MaxPayloadError) else BrokerError
        raise kind(type(error).__name__) from error
