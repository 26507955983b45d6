"""Pulling from a durable consumer: one inbox for good, so that no message that the server sent is ever dropped.

The client library's own fetch raises on some status messages with a delivered message in hand; that message then comes
back only after the consumer's AckWait. Here statuses end a request and messages stay in the queue until they are taken.
"""

import asyncio

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from slipway.messaging.broker import StreamMissing

GRACE_SEC = 1.0
"""How much longer than the server we wait for its word that a request has ended."""
NO_WAIT_SEC = 2.0

IDLE_HEARTBEAT = "100"
NO_RESPONDERS = "503"
CONFLICT = "409"


class Pull:
    """The messages of one consumer. Not for concurrent fetches."""

    def __init__(self, client: Client, stream: str, consumer: str) -> None:
        self._client = client
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._inbox = ""
        self._requests = 0
        self._queue: asyncio.Queue[Msg] = asyncio.Queue()

    async def fetch(self, *, batch: int, timeout: float) -> list[Msg]:
        """Return what is there, waiting up to `timeout` seconds for the first. StreamMissing when the consumer is gone."""
        found = self._waiting(batch)
        if not found:
            found = await self._request(1, expires=timeout)
        if found and len(found) < batch:
            try:
                found += await self._request(batch - len(found), expires=None)
            except StreamMissing:
                return found
        return found

    def _waiting(self, batch: int) -> list[Msg]:
        """Take messages that came for an earlier request after it had been given up."""
        found: list[Msg] = []
        while len(found) < batch and not self._queue.empty():
            message = self._queue.get_nowait()
            if JetStreamContext.is_status_msg(message) is None:
                found.append(message)
        return found

    async def _request(self, batch: int, *, expires: float | None) -> list[Msg]:
        """Ask for messages; without `expires` for those that are there already."""
        if not self._inbox:
            self._inbox = self._client.new_inbox()
            await self._client.subscribe(f"{self._inbox}.*", cb=self._queue.put)
        self._requests += 1
        reply = f"{self._inbox}.{self._requests}"
        ask = {"batch": batch, "no_wait": True} if expires is None else {"batch": batch, "expires": int(expires * 1e9)}
        await self._client.publish(self._next, msgspec.json.encode(ask), reply=reply)
        loop = asyncio.get_running_loop()
        until = loop.time() + (NO_WAIT_SEC if expires is None else expires + GRACE_SEC)
        found: list[Msg] = []
        while len(found) < batch:
            try:
                message = await asyncio.wait_for(self._queue.get(), until - loop.time())
            except (TimeoutError, nats.errors.TimeoutError):
                break
            status = JetStreamContext.is_status_msg(message)
            if status is None:
                found.append(message)
            elif message.subject == reply and status != IDLE_HEARTBEAT:
                if not found:
                    _judge(status, message)
                break
        return found


def _judge(status: str, message: Msg) -> None:
    """Raise when the end of a request means that its consumer is gone; all other ends are ordinary."""
    described = str((message.headers or {}).get("Description", ""))
    if status == NO_RESPONDERS or (status == CONFLICT and "Deleted" in described):
        raise StreamMissing("stream or consumer does not answer")
