"""Fixtures of all tests. A test that asks for a database gets a clone of a migrated one, for itself alone."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit
from zlib import crc32

import asyncpg
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from slipway.database import logins
from slipway.database.engine import Database
from slipway.database.migrations import upgrade
from slipway.messaging.jetstream import JetStreamBroker
from tests.support import servers

TEMPLATE = "slipway_template"
SLOW = ("faults", "e2e", "console", "helm", "bench", "cli", "deploy", "operations", "api")
"""Packages that begin first, the slowest at the head; the others fill the gaps at the end."""
HALVED = ("faults", "e2e")
"""Packages so long that two workers share them."""


def package_of(test: str) -> str:
    """Return the folder below `tests/` of a test's id."""
    return test.removeprefix("tests/").partition("/")[0]


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # once, before the workers
        asyncio.run(servers.clear_left())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: number for number, name in enumerate(SLOW)}
    items.sort(key=lambda item: rank.get(package_of(item.nodeid), len(SLOW)))


class ByPackage(LoadScopeScheduling):
    """Gives a package's tests to one worker, since they share servers."""

    def _split_scope(self, nodeid: str) -> str:
        package, file = package_of(nodeid), nodeid.partition("::")[0]
        return f"{package}-{crc32(file.encode()) % 2}" if package in HALVED else package


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByPackage:
    return ByPackage(config, log)


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
        for service in logins.SERVICES:
            await logins.ensure(server, service, "test", login=f"test_{service}")
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
async def nats() -> AsyncIterator[servers.NatsAddress]:
    async with servers.nats() as address:
        yield address


@pytest.fixture
async def broker(nats: servers.NatsAddress) -> AsyncIterator[JetStreamBroker]:
    """A broker over a NATS server whose streams are new, with the rights to do everything."""
    broker = JetStreamBroker(nats.url, name="test", ca=nats.ca)
    await broker.wait_connected()
    for stream in await broker.stream_names():
        await broker.delete_stream(stream)
    await broker.ensure_topology(["local"])
    yield broker
    await broker.close()
