"""Sends HTTP requests over some connections at once, and says how long each took."""

import asyncio
import time
from collections.abc import Iterator
from itertools import count

import aiohttp
import msgspec

from bench.programs import speaking


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request; `{n}` in its body becomes a number that no other request has."""

    method: str
    path: str
    token: str
    body: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """All requests once, or one after another again and again for some seconds."""

    url: str
    connections: int
    requests: list[Request]
    seconds: float = 0.0
    first: int = 0
    """The first of the numbers."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    started: float
    """Seconds since 1970."""
    wall_sec: float
    latencies_ms: list[float]
    failed: int
    """Answers that were no 2xx."""
    sample: str = ""
    """One of them."""


async def run(told: Told) -> Found:
    took: list[float] = []
    failed: list[str] = []
    numbers = count(told.first)
    started, begin = time.time(), time.monotonic()
    end = begin + told.seconds
    shared = iter(told.requests)

    def of_one(number: int) -> Iterator[Request]:
        """Give a connection its own requests while time lasts, or what nobody has sent yet."""
        if not told.seconds:
            yield from shared
            return
        own = told.requests[number :: told.connections] or told.requests
        while time.monotonic() < end:
            yield from own

    async def connection(number: int, http: aiohttp.ClientSession) -> None:
        for each in of_one(number):
            headers = {"Authorization": f"Bearer {each.token}", "Content-Type": "application/json"}
            body = each.body.replace("{n}", str(next(numbers))) if each.body else None
            sent = time.monotonic()
            async with http.request(each.method, told.url + each.path, data=body, headers=headers) as answer:
                content = await answer.read()
            took.append((time.monotonic() - sent) * 1000)
            if not answer.ok:
                failed.append(f"{answer.status} {content[:200]!r}")

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=told.connections)) as http:
        await asyncio.gather(*(connection(number, http) for number in range(told.connections)))
    return Found(
        started=started, wall_sec=time.monotonic() - begin, latencies_ms=took, failed=len(failed),
        sample=failed[0] if failed else "",
    )  # fmt: skip


if __name__ == "__main__":
    speaking.say(asyncio.run(run(speaking.told(Told))))
