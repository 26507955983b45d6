"""The live feed."""

import asyncio
from collections.abc import AsyncGenerator
from http import HTTPStatus

import msgspec

from slipway.client.http import LATER, LONGEST_PAUSE_SEC, Refused, SlipwayClient, Unreachable
from slipway.client.sse import messages
from slipway.domain.events import CloudEvent

QUIET_SEC = 45.0
"""The server sends a sign of life every 15 s."""


class Events:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def follow(self, *, after: str | None = None, reconnect: bool = True) -> AsyncGenerator[CloudEvent]:
        """Yield your events (admins: all) as they happen, after the position `<epoch>-<pos>` when one is given.

        A connection that breaks is made again after the last event, so that none is missed; `reconnect=False` raises
        Unreachable instead. Refused when the sign-in has ended (401), or when you have too many feeds open (429) and
        that lasts for as many tries as the client has.
        """
        pause, tries = self._http.pause_sec, 0
        while True:
            full = False
            try:
                async for event in self._once(after):
                    after = f"{event.slipwayepoch}-{event.slipwaypos}"
                    pause = self._http.pause_sec
                    yield event
            except Unreachable:
                if not reconnect:
                    raise
            except Refused as error:
                full = error.status == HTTPStatus.TOO_MANY_REQUESTS
                if not reconnect or error.status not in LATER or (full and tries == self._http.retries):
                    raise
            tries = tries + 1 if full else 0
            if not reconnect:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SEC)

    async def _once(self, after: str | None) -> AsyncGenerator[CloudEvent]:
        headers = {"Last-Event-ID": after} if after else None
        async with self._http.stream("GET", "/events", headers=headers, quiet_sec=QUIET_SEC) as answer:
            async for message in messages(answer.aiter_lines()):
                yield msgspec.json.decode(message.data, type=CloudEvent)
