"""Follows the live feed as many clients at once, and says how long each event took from its transaction to each of them."""

import asyncio
import sys
import time
from datetime import datetime

import aiohttp
import msgspec

from bench.figures import percentile
from bench.programs import speaking

AT_ONCE = 25
"""Connections that are being opened: a burst of all would measure the accept queue."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    tokens: list[str]
    """One for each client."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    received: int
    p50_ms: float
    p99_ms: float
    most_ms: float
    ended: int
    """Feeds that ended by themselves."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    time: datetime


class Clients:
    def __init__(self, told: Told) -> None:
        self._told = told
        self._opening = asyncio.Semaphore(AT_ONCE)
        self._open = 0
        self.all_open = asyncio.Event()
        self.delays_ms: list[float] = []
        self.ended = 0

    async def follow(self, http: aiohttp.ClientSession, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        async with self._opening:
            answer = await http.get(self._told.url + "/events", headers=headers)
            answer.raise_for_status()
            await answer.content.readline()
            self._open += 1
        if self._open == len(self._told.tokens):
            self.all_open.set()
        async for line in answer.content:
            if line.startswith(b"data: "):
                event = msgspec.json.decode(line[6:], type=Event)
                self.delays_ms.append((time.time() - event.time.timestamp()) * 1000)
        self.ended += 1


async def run(told: Told) -> None:
    clients = Clients(told)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=30)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as http:
        following = [asyncio.create_task(clients.follow(http, token)) for token in told.tokens]
        await clients.all_open.wait()
        speaking.say("all open")
        await asyncio.to_thread(sys.stdin.buffer.readline)
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
    took = clients.delays_ms or [0.0]
    speaking.say(
        Found(
            received=len(clients.delays_ms), p50_ms=percentile(took, 50), p99_ms=percentile(took, 99), most_ms=max(took),
            ended=clients.ended,
        )
    )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(run(speaking.told(Told)))
