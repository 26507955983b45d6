"""Fixtures of all tests. A test that asks for a database gets a clone of a migrated one, for itself alone."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from slipway.database.engine import Database
from slipway.database.migrations import upgrade
from slipway.messaging.jetstream import JetStreamBroker
from tests.support import servers

TEMPLATE = "slipway_template"


def at_database(dsn: str, database: str, *, user: str | None = None, password: str = "test") -> str:
    """Return the DSN for another database of the same server, and another login when one is named."""
    parts = urlsplit(dsn)
    place = parts.netloc.rpartition("@")[2]
    netloc = f"{user}:{password}@{place}" if user else parts.netloc
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))


@pytest.fixture(scope="session")
async def postgres_dsn() -> AsyncIterator[str]:
    """The superuser's DSN of a server that holds the migrated template database and a login for each service."""
    async with servers.postgres() as dsn:
        server = await asyncpg.connect(dsn)
        await server.execute(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
        await server.execute(f"CREATE DATABASE {TEMPLATE}")
        await asyncio.to_thread(upgrade, at_database(dsn, TEMPLATE))
        for service in ("api", "scheduler"):
            if not await server.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", f"test_{service}"):
                await server.execute(f"CREATE ROLE test_{service} LOGIN PASSWORD 'test' IN ROLE slipway_{service}")
        await server.close()
        yield dsn


@pytest.fixture
async def database_url(postgres_dsn: str) -> AsyncIterator[str]:
    """The superuser's DSN of a database for this test."""
    name = f"test_{secrets.token_hex(6)}"
    server = await asyncpg.connect(postgres_dsn)
    await server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    try:
        yield at_database(postgres_dsn, name)
    finally:
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.close()


async def opened(dsn: str, service: str) -> AsyncIterator[Database]:
    database = Database.connect(dsn, service=service)
    yield database
    await database.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database as the superuser sees it: no row is hidden."""
    async for each in opened(database_url, "test"):
        yield each


@pytest.fixture
async def api_database(database_url: str) -> AsyncIterator[Database]:
    """The same database as the API's login sees it: row-level security applies."""
    name = urlsplit(database_url).path.strip("/")
    async for each in opened(at_database(database_url, name, user="test_api"), "api"):
        yield each


@pytest.fixture
async def scheduler_database(database_url: str) -> AsyncIterator[Database]:
    """The same database as the scheduler's login sees it."""
    name = urlsplit(database_url).path.strip("/")
    async for each in opened(at_database(database_url, name, user="test_scheduler"), "scheduler"):
        yield each


@pytest.fixture(scope="session")
async def nats_url() -> AsyncIterator[str]:
    async with servers.nats() as url:
        yield url


@pytest.fixture
async def broker(nats_url: str) -> AsyncIterator[JetStreamBroker]:
    """A broker over a NATS server whose streams are new."""
    broker = JetStreamBroker(nats_url, name="test")
    await broker.wait_connected()
    for stream in await broker.stream_names():
        await broker.delete_stream(stream)
    await broker.ensure_topology(["local"])
    yield broker
    await broker.close()
