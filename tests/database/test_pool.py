"""Connections of a service: as many as it is told, and how long it waits for one is measured."""

import asyncio
import sys
import time

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as NoneFree

from slipway.database.engine import Database
from slipway.dev.ports import free_port
from slipway.telemetry.pool import tell_pool
from tests.e2e.watching import eventually
from tests.support.told import metric

WAITS = "slipway_database_pool_wait_seconds"
NEEDED = {"JWT_SECRET_KEY": "k" * 40, "NATS_URL": "nats://127.0.0.1:1"}


def told() -> tuple[float, float]:
    """Return how many waits there were, and how long they were together."""
    return metric(f"{WAITS}_count"), metric(f"{WAITS}_sum")


async def test_a_request_that_finds_all_connections_in_use_waits_and_that_is_measured(database_url: str):
    database, asking = Database.connect(database_url, service="test", pool_size=1, max_overflow=0), asyncio.Event()
    tell_pool(database)

    async def ask() -> None:
        asking.set()
        await database.ping()

    before, _ = told()
    async with database.reading() as session:
        first, seconds = told()
        asked = asyncio.create_task(ask())
        await asking.wait()
        began = time.monotonic()
        await session.execute(text("SELECT 1"))
        kept = time.monotonic() - began
    await asked
    second, waited = told()
    assert (first - before, second - first) == (1, 1)
    assert waited - seconds >= kept
    await database.close()


async def test_a_wait_that_was_in_vain_is_measured_too(database_url: str):
    database = Database.connect(database_url, service="test", pool_size=1, max_overflow=0, pool_timeout=0)
    tell_pool(database)
    async with database.reading():
        before, _ = told()
        with pytest.raises(NoneFree):
            await database.ping()
        assert told()[0] == before + 1
    await database.close()


@pytest.mark.parametrize("service", ["slipway_api", "slipway_scheduler"])
async def test_a_service_opens_no_more_than_it_is_told(database_url: str, service: str):
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", service, stderr=asyncio.subprocess.DEVNULL,
        env={
            **NEEDED, "DATABASE_URL": database_url, "SLIPWAY_HTTP_PORT": str(port), "SLIPWAY_DATABASE_CONNECTIONS": "3",
        },
    )  # fmt: skip
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:

        async def look() -> str | None:
            try:
                return (await http.get(f"http://127.0.0.1:{port}/metrics")).text
            except httpx.TransportError:
                return None

        try:
            assert "\nslipway_database_pool_limit 3.0\n" in await eventually(look, "it tells of itself", 120)
        finally:
            process.kill()
            await process.wait()
