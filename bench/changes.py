"""Changes of deployments over HTTP, again and again; each makes one job, and is over when its end is in PostgreSQL."""

import asyncio
import time
from collections.abc import Sequence
from itertools import count
from uuid import UUID

import aiohttp
import asyncpg
import msgspec

from bench import seeds
from bench.programs.http_load import Found, Request
from bench.servers import OURS, program
from bench.system import System, until
from slipway.database.engine import Database

LOAD = "bench.programs.http_load"
ALL_SETTLED = "SELECT count(*) = $1 FROM deployment WHERE applied_generation = generation AND status = 'ready'"
ONE_SETTLED = "SELECT applied_generation = $2 AND status = 'ready' FROM deployment WHERE id = $1"
WITHIN_SEC = 600.0


class Changes:
    def __init__(self, running: System, connection: asyncpg.Connection, *, connections: int) -> None:
        """`connections` is how many requests are sent at once."""
        self._running = running
        self._connection = connection
        self._connections = connections
        self._owned: list[tuple[UUID, str]] = []
        self._marks = count(1)
        self.sent = 0
        """By `at_pace`."""

    async def create(self, *, users: int, each: int) -> None:
        """Ask for `each` deployments of each of `users` users, and wait until all are ready."""
        database = Database.connect(self._running.dsn, service="bench")
        version, people = await seeds.template(database), await seeds.accounts(database, users)
        await database.close()
        body = f'{{"template_id": "{version}", "domain_name": "bench-{{n}}.example.org"}}'
        asked = [Request(method="POST", path="/deployments", token=one.token, body=body) for one in people * each]
        await self.send(asked)
        await self._all_settled(len(asked))
        token_of = {one.user: one.token for one in people}
        rows = await self._connection.fetch("SELECT id, user_id FROM deployment ORDER BY id")
        self._owned = [(row["id"], token_of[row["user_id"]]) for row in rows]

    async def all(self) -> float:
        """Change every deployment; return jobs in a second, from the first request to the last end."""
        began = time.monotonic()
        await self.send([self._change(*each) for each in self._owned])
        await self._all_settled(len(self._owned))
        return len(self._owned) / (time.monotonic() - began)

    async def singly(self, times: int) -> list[float]:
        """Change a deployment, wait for the end, and so on; return the milliseconds that each took."""
        took: list[float] = []
        chosen, token = self._owned[0]
        before = int(await self._connection.fetchval("SELECT generation FROM deployment WHERE id = $1", chosen) or 0)
        async with aiohttp.ClientSession() as http:
            for number in range(1, times + 1):
                began = time.monotonic()
                await self._ask(http, self._change(chosen, token))
                await until(60, ONE_SETTLED, self._connection, chosen, before + number, pause=0.004)  # a look costs too
                took.append((time.monotonic() - began) * 1000)
        return took

    async def at_pace(self, per_sec: float, seconds: float) -> None:
        """Send so many changes a second, whatever becomes of them; never more at once than there are connections."""
        room, begin = asyncio.Semaphore(self._connections), time.monotonic()

        async def one(http: aiohttp.ClientSession, change: Request) -> None:
            try:
                await self._ask(http, change)
                self.sent += 1
            finally:
                room.release()

        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as asked:
            for number in range(int(per_sec * seconds)):
                await asyncio.sleep(max(0.0, begin + number / per_sec - time.monotonic()))
                await room.acquire()
                asked.create_task(one(http, self._change(*self._owned[number % len(self._owned)])))

    async def send(self, requests: Sequence[Request]) -> Found:
        told = {"url": self._running.api_url, "connections": self._connections, "requests": requests}
        log = self._running.state / "log" / "load.log"
        found = msgspec.convert(await program(OURS, LOAD, told, log=log), Found)
        if found.failed:
            raise RuntimeError(f"{found.failed} requests were refused: {found.sample}")
        return found

    async def _ask(self, http: aiohttp.ClientSession, change: Request) -> None:
        headers = {"Authorization": f"Bearer {change.token}", "Content-Type": "application/json"}
        async with http.request(
            change.method, self._running.api_url + change.path, data=change.body, headers=headers
        ) as answer:
            answer.raise_for_status()

    def _change(self, deployment: UUID, token: str) -> Request:
        body = f'{{"user_values": {{"env": {{"MARK": "{next(self._marks)}"}}}}}}'
        return Request(method="PATCH", path=f"/deployments/{deployment}", token=token, body=body)

    async def _all_settled(self, deployments: int) -> None:
        await until(WITHIN_SEC, ALL_SETTLED, self._connection, deployments, pause=0.02)
