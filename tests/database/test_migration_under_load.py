"""Row 29: the schema is migrated while services of the release before write, and while somebody holds a lock for long."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest

from slipway.database.engine import Database
from slipway.database.migrations import downgrade, upgrade
from slipway.identity import new_id
from tests.support.rows import deploy, seed

BEFORE = "0005"
"""The schema that the older release was made for."""
WRITERS = 4
CHANGE = (
    "UPDATE deployment SET generation = generation + 1, status = 'upgrading', event_seq = event_seq + 1 WHERE id = $1"
)
ENQUEUE = """
    INSERT INTO deployment_reconcile_job AS job (id, deployment_id, user_id, cluster, reason, generation)
    SELECT $2, id, user_id, cluster, 'update', generation FROM deployment WHERE id = $1
    ON CONFLICT (deployment_id) WHERE status IN ('queued', 'delayed') DO UPDATE SET generation = excluded.generation
"""
TELL = (
    "INSERT INTO outbox_event (event_id, type, deployment_id, actor_json, data_json) VALUES ($2, 't', $1, '{}', '{}')"
)
"""What services of that release write for a change, word for word: they know none of the columns that came later."""


class Load:
    """Changes of the older release, one after the other over some connections, each a transaction."""

    def __init__(self, dsn: str, deployments: list[UUID]) -> None:
        self._dsn = dsn
        self._deployments = deployments
        self._stop = asyncio.Event()
        self.changed = 0

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        async with asyncio.TaskGroup() as tasks:
            for deployment in self._deployments:
                tasks.create_task(self._write(deployment))
            try:
                await self.goes_on()
                yield
                await self.goes_on()
            finally:
                self._stop.set()

    async def goes_on(self) -> None:
        """Wait until every connection has written some more."""
        until = self.changed + 5 * len(self._deployments)
        async with asyncio.timeout(60):
            while self.changed < until:
                await asyncio.sleep(0)

    async def _write(self, deployment: UUID) -> None:
        """Fails when a statement waits for ten seconds, as services do."""
        connection = await asyncpg.connect(self._dsn, server_settings={"lock_timeout": "10000"})
        try:
            while not self._stop.is_set():
                async with connection.transaction():
                    await connection.execute(CHANGE, deployment)
                    await connection.execute(ENQUEUE, deployment, new_id())
                    await connection.execute(TELL, deployment, new_id())
                self.changed += 1
        finally:
            await connection.close()


@pytest.fixture
async def load(database: Database, database_url: str) -> Load:
    seeded = await seed(database)
    deployments = [await deploy(database, seeded, number) for number in range(WRITERS)]
    await database.close()
    await asyncio.to_thread(downgrade, database_url, BEFORE)
    return Load(database_url, deployments)


async def test_older_services_write_on_while_the_schema_changes(load: Load, database_url: str):
    """No statement of theirs fails, before, meanwhile or after."""
    async with load.running():
        await asyncio.to_thread(upgrade, database_url)
    connection = await asyncpg.connect(database_url)
    changes = await connection.fetchval("SELECT sum(generation - 1) FROM deployment")
    told = await connection.fetchval("SELECT count(*) FROM outbox_event WHERE type = 't'")
    await connection.close()
    assert changes == told == load.changed


async def test_a_migration_that_gets_no_lock_gives_up_and_is_done_later(load: Load, database_url: str):
    """A reader keeps the table for long. Writers queue behind the migration until it gives up, and no longer."""
    reader = await asyncpg.connect(database_url)
    held = reader.transaction()
    await held.start()
    await reader.execute("SELECT FROM deployment_reconcile_job LIMIT 1")
    async with load.running():
        with pytest.raises(Exception, match="lock timeout"):
            await asyncio.wait_for(asyncio.to_thread(upgrade, database_url), 120)
        await load.goes_on()
        await held.rollback()
        await asyncio.to_thread(upgrade, database_url)
    await reader.close()


@pytest.mark.parametrize("way", ["up", "down"])
async def test_the_pace_of_scans_comes_and_goes_in_the_order_of_a_creates_locks(
    database: Database, database_url: str, way: str
):
    """Cluster, then queue: the other way round each would wait for the other."""
    await database.close()
    if way == "up":
        await asyncio.to_thread(downgrade, database_url, "0014")
    creating = await asyncpg.connect(database_url)
    looking = await asyncpg.connect(database_url)
    async with creating.transaction():
        await creating.execute("SELECT FROM cluster FOR KEY SHARE")
        migrating = asyncio.create_task(
            asyncio.to_thread(upgrade, database_url)
            if way == "up"
            else asyncio.to_thread(downgrade, database_url, "0014")
        )
        async with asyncio.timeout(60):
            while not await looking.fetchval(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'cluster'::regclass"
            ):
                await asyncio.sleep(0)
        await creating.execute("LOCK TABLE deployment_reconcile_job IN ROW EXCLUSIVE MODE NOWAIT")
    await migrating
    await creating.close()
    await looking.close()
