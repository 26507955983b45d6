"""Row 54: clients that send slowly, too much or nothing, or leave before they are answered. Others are answered meanwhile."""

import asyncio
import gzip
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from slipway_api.deps import Deps
from tests.api.conftest import World
from tests.e2e.watching import eventually

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
MANY = 1000
"""Connections at once; each takes a file of this process and one of the server, which is the same process here."""
BEGUN = {
    "nothing": b"",
    "half a line": b"GET /api/v1/heal",
    "half the headers": b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n",
    "half a body": b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
}


@asynccontextmanager
async def connections(address: str, count: int, sent: bytes) -> AsyncGenerator[list[Connection]]:
    """Hold connections open on which so much was sent."""
    place = urlsplit(address)
    found = [await asyncio.open_connection(place.hostname, place.port) for _ in range(count)]
    try:
        for _, writer in found:
            writer.write(sent)
            await writer.drain()
        yield found
    finally:
        for _, writer in found:
            writer.transport.abort()


async def answers(address: str, world: World) -> None:
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", trust_env=False, timeout=60) as http:
        assert (await http.get(f"/deployments/{world.deployment}", headers=world.as_user)).status_code == 200


@pytest.mark.parametrize("begun", BEGUN)
async def test_others_are_answered_while_many_send_no_more(address: str, world: World, begun: str):
    async with connections(address, MANY, BEGUN[begun]):
        await answers(address, world)
    await answers(address, world)


async def test_a_header_without_measure_is_refused(address: str, world: World):
    begun = b"GET /api/v1/products HTTP/1.1\r\nHost: x\r\nX-Large: " + b"x" * 2_000_000
    async with connections(address, 1, b"") as [(reader, writer)]:
        try:
            writer.write(begun)
            await writer.drain()
            status = (await asyncio.wait_for(reader.read(64), 30)).partition(b"\r\n")[0]
        except ConnectionError:
            status = b""  # cut off in the middle of it
    assert status.split(b" ")[1:2] in ([], [b"431"], [b"400"]), status
    await answers(address, world)


async def test_a_compressed_body_is_not_unpacked(address: str, world: World):
    packed = gzip.compress(json.dumps({"domain_name": "x" * 50_000_000}).encode())
    headers = {**world.as_user, "content-type": "application/json", "content-encoding": "gzip"}
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", trust_env=False, timeout=60) as http:
        answer = await http.post("/deployments", content=packed, headers=headers)
    assert answer.status_code in (400, 415)
    await answers(address, world)


async def test_who_leaves_before_the_answer_leaves_no_connection_behind(
    address: str, world: World, deps: Deps, database_url: str
):
    """Their statements wait for a lock; all are given up or done, and the pool is whole."""
    superuser = await asyncpg.connect(database_url)
    held = superuser.transaction()
    await held.start()
    await superuser.execute("SELECT FROM deployment WHERE id = $1 FOR UPDATE", world.deployment)
    head = f"POST /api/v1/deployments/{world.deployment}/suspend HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
    token = f"Authorization: {world.as_user['Authorization']}\r\n\r\n"

    async def waiting() -> bool | None:
        return deps.database.pool_use().in_use >= 10 or None

    async with connections(address, 15, (head + token).encode()):
        await eventually(waiting, "the API waits for the lock", 30)
    await held.rollback()
    await superuser.close()

    async def whole() -> bool | None:
        return deps.database.pool_use().in_use == 0 or None

    await eventually(whole, "every connection is back in the pool", 30)
    await answers(address, world)
