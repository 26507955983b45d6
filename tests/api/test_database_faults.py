"""A database that is short of connections, locked or in a deadlock: 503 and Retry-After, never 500, and no half change."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import msgspec
import pytest
from sqlalchemy import event

from slipway.database.engine import Database
from slipway.database.queries import feed, outbox
from slipway.domain.events import Actor, EventType
from slipway_api.app import create_app
from slipway_api.deps import Deps
from slipway_api.routes.health import health_of
from tests.api.conftest import World, client_of, refused
from tests.conftest import at_database
from tests.e2e.watching import eventually


@pytest.fixture
async def superuser(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def waits_for_a_lock(superuser: asyncpg.Connection) -> None:
    async def look() -> bool | None:
        return await superuser.fetchval(
            "SELECT true FROM pg_stat_activity WHERE usename = 'test_api' AND wait_event_type = 'Lock' LIMIT 1"
        )

    await eventually(look, "the API waits for a lock", 10)


@asynccontextmanager
async def small_pool(database_url: str) -> AsyncGenerator[Database]:
    """One connection, and half a second of patience."""
    dsn = at_database(database_url, urlsplit(database_url).path.strip("/"), user="test_api")
    database = Database.connect(dsn, service="api", pool_size=1, max_overflow=0, pool_timeout=0.5)
    try:
        yield database
    finally:
        await database.close()


async def test_an_exhausted_pool(database_url: str, deps: Deps, world: World):
    """Row 24: each request is answered, with what it asked for or with 503; afterwards all works again."""
    async with small_pool(database_url) as database:
        app = create_app(msgspec.structs.replace(deps, database=database, health=health_of(database, None)))
        async with client_of(app) as api:
            path = f"/deployments/{world.deployment}"
            async with database.reading():
                assert (await api.get("http://slipway.test/health")).json()["dependencies"]["database"] == "unknown"
                answer = await api.get(path, headers=world.as_user)
                refused(answer, 503, "unavailable")
                assert int(answer.headers["retry-after"]) >= 1
            many = await asyncio.gather(*(api.get(path, headers=world.as_user) for _ in range(40)))
            assert {each.status_code for each in many} <= {200, 503}
            assert (await api.get(path, headers=world.as_user)).status_code == 200


async def test_connections_that_are_closed_as_soon_as_they_are_opened(database_url: str, deps: Deps, world: World):
    """As a server does that is at its limits; the pool itself gives up with an error that blames the caller."""
    async with small_pool(database_url) as database:
        app = create_app(msgspec.structs.replace(deps, database=database))
        async with client_of(app) as api:
            path = f"/conversations/{world.conversation}/messages"
            await database.ping()

            def closing(connection: Any, _record: Any) -> None:
                connection.driver_connection.terminate()

            event.listen(database.engine.sync_engine, "connect", closing)
            await database.engine.dispose()
            refused(await api.post(path, json={"content": "hi"}, headers=world.as_user), 503, "unavailable")
            with pytest.raises(ConnectionResetError):
                await database.ping()
            event.remove(database.engine.sync_engine, "connect", closing)
            assert (await api.get(path, headers=world.as_user)).status_code == 200


async def test_a_conversation_that_somebody_holds_locked(
    api: httpx.AsyncClient, world: World, superuser: asyncpg.Connection
):
    held = superuser.transaction()
    await held.start()
    await superuser.execute("SELECT FROM conversations WHERE id = $1 FOR UPDATE", world.conversation)
    path = f"/conversations/{world.conversation}/messages"
    answer = await api.post(path, json={"content": "hi"}, headers=world.as_user)
    refused(answer, 503, "unavailable")
    assert "database" in answer.json()["detail"], "it is the lock, and not the model that is not there"
    await held.rollback()


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
async def test_a_message_whose_statement_is_ended_by_the_server(
    api: httpx.AsyncClient, world: World, superuser: asyncpg.Connection, database_url: str, how: str
):
    """As a statement's limit does, or an operator, or a server that stops."""
    looking = await asyncpg.connect(database_url)
    held = superuser.transaction()
    await held.start()
    try:
        await superuser.execute("SELECT FROM conversations WHERE id = $1 FOR UPDATE", world.conversation)
        path = f"/conversations/{world.conversation}/messages"
        saying = asyncio.create_task(api.post(path, json={"content": "hi"}, headers=world.as_user))
        await waits_for_a_lock(looking)
        ended = f"SELECT {how}(pid) FROM pg_stat_activity WHERE usename = 'test_api' AND wait_event_type = 'Lock'"
        assert await looking.fetchval(ended) is True
        answer = await saying
    finally:
        await held.rollback()
        await looking.close()
    refused(answer, 503, "unavailable")
    assert "database" in answer.json()["detail"]
    kept = await api.get(path, headers=world.as_user)
    assert [each["content"] for each in kept.json()["items"]] == ["hello"], "nothing of it was kept"


async def test_a_transaction_that_is_held_open(
    api: httpx.AsyncClient, world: World, superuser: asyncpg.Connection, database: Database
):
    """Row 25: others go on, the locked deployment is 503 within the lock's limit, and the feed has no gap for it.

    It is held until all that was to be seen was seen, rather than for ten minutes.
    """
    held = superuser.transaction()
    await held.start()
    await superuser.execute("SELECT FROM deployment WHERE id = $1 FOR UPDATE", world.deployment)
    others = await api.post(f"/deployments/{world.others_deployment}/suspend", headers=world.as_other)
    assert others.status_code == 202
    refused(await api.post(f"/deployments/{world.deployment}/suspend", headers=world.as_user), 503, "unavailable")
    async with database.writing() as late:
        await outbox.record(late, EventType.PRODUCT_CREATED, actor=Actor(kind="system", id="t"), data={}, subject="x")
        async with database.writing() as session:
            await feed.stamp(session)
            seen = (await feed.head(session)).pos
    async with database.writing() as session:
        await feed.stamp(session)
        assert (await feed.head(session)).pos == seen + 1, "it is numbered when it is committed, after the others"
    await held.rollback()
    assert (await api.post(f"/deployments/{world.deployment}/suspend", headers=world.as_user)).status_code == 202


async def test_a_deadlock(api: httpx.AsyncClient, world: World, superuser: asyncpg.Connection, database_url: str):
    """Row 27: the other side locks job, then deployment; the API, which locks deployment, then job, is the one that loses."""
    looking = await asyncpg.connect(database_url)
    held = superuser.transaction()
    await held.start()
    try:
        await superuser.execute("SET LOCAL deadlock_timeout = '60s'")  # so that the API finds the deadlock
        await superuser.execute(
            "SELECT FROM deployment_reconcile_job WHERE deployment_id = $1 FOR UPDATE", world.deployment
        )
        cancelling = asyncio.create_task(api.post(f"/deployments/{world.deployment}/cancel", headers=world.as_user))
        await waits_for_a_lock(looking)
        await superuser.execute("SELECT FROM deployment WHERE id = $1 FOR UPDATE", world.deployment)
        answer = await cancelling
    finally:
        await held.rollback()
        await looking.close()
    refused(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    shown = await api.get(f"/deployments/{world.deployment}", headers=world.as_user)
    assert shown.json()["status"] == "provisioning", "nothing of the cancel was kept"
    assert (await api.post(f"/deployments/{world.deployment}/cancel", headers=world.as_user)).status_code == 202
