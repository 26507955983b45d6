"""Following a stream in order, whatever the client library drops because a reader is slow.

The library counts a message as delivered before it finds its buffer full, so its ordered consumer never misses what it
dropped. Here the first drop is noted: what was in the buffer before it is in order, and from there the stream is read anew.
"""

import contextlib
from collections.abc import AsyncGenerator

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, DeliverPolicy

UNREAD = 65_536
"""How many messages may wait for their reader."""


class Following:
    """The streams that are followed over one connection."""

    def __init__(self, jetstream: JetStreamContext, *, unread: int = UNREAD) -> None:
        self._jetstream = jetstream
        self._unread = unread
        self._readings: set[_Reading] = set()

    def dropped(self) -> None:
        """Note that the client dropped a message: it may have been any reader's."""
        for reading in self._readings:
            reading.note_drop()

    async def messages(self, stream: str, *, start_sequence: int, subject: str | None) -> AsyncGenerator[Msg]:
        """Yield the messages from a sequence on, each once. Errors of `nats` end it."""
        sequence = max(1, start_sequence)
        while True:
            config = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=sequence)
            subscription = await self._jetstream.subscribe(
                subject or ">", stream=stream, ordered_consumer=True, config=config, pending_msgs_limit=self._unread
            )
            reading = _Reading(subscription)
            self._readings.add(reading)
            try:
                while reading.in_order:
                    message = await reading.next()
                    sequence = message.metadata.sequence.stream + 1
                    yield message
            finally:
                self._readings.discard(reading)
                with contextlib.suppress(nats.errors.Error):
                    await subscription.unsubscribe()


class _Reading:
    """One subscription, and how many of its messages are known to be in order once a message was dropped."""

    def __init__(self, subscription: JetStreamContext.PushSubscription) -> None:
        self._subscription = subscription
        self._left: int | None = None

    @property
    def in_order(self) -> bool:
        return self._left is None or self._left > 0

    def note_drop(self) -> None:
        if self._left is None:
            self._left = self._subscription.pending_msgs

    async def next(self) -> Msg:
        message = await self._subscription.next_msg(timeout=None)
        if self._left is not None:
            self._left -= 1
        return message
