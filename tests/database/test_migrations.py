"""The migrated schema is the models' own, and goes up, down and up again over rows."""

import asyncio

import asyncpg
from alembic import command

from slipway.database.engine import Database
from slipway.database.migrations import config, downgrade, upgrade
from tests.support.rows import deploy, seed


async def test_the_migrated_schema_is_what_the_models_say(database_url: str):
    await asyncio.to_thread(command.check, config(database_url))


async def test_it_goes_down_and_up_again_over_rows(database: Database, database_url: str):
    await deploy(database, await seed(database))
    await database.close()
    await asyncio.to_thread(downgrade, database_url, "0001")
    await asyncio.to_thread(upgrade, database_url)
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT count(*) FROM deployment") == 1
    await connection.close()
    await asyncio.to_thread(downgrade, database_url, "base")
    await asyncio.to_thread(upgrade, database_url)
    await asyncio.to_thread(command.check, config(database_url))
