"""A process that stands still between preparing a statement and running it holds its locks until somebody ends it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from slipway.database.engine import Database
from slipway.database.hot import Statement
from slipway.database.stuck import end_stuck
from tests.conftest import at_database

FREE = Statement("SELECT pos FROM feed WHERE id = 1 FOR UPDATE SKIP LOCKED")

_OTHER = (
    "FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
    " AND pid <> pg_backend_pid() AND state = 'active'"
)
AT_WORK = Statement(f"SELECT pid {_OTHER} AND wait_event = :waits")
CANCEL = Statement(f"SELECT pg_cancel_backend(pid) {_OTHER}")


@asynccontextmanager
async def holding(database_url: str, *, user: str) -> AsyncGenerator[asyncpg.Connection]:
    """Lock the feed's row in an open transaction."""
    name = database_url.rpartition("/")[2]
    driver = await asyncpg.connect(at_database(database_url, name, user=user))
    try:
        await driver.execute("BEGIN")
        await driver.execute("SELECT pos FROM feed WHERE id = 1 FOR UPDATE")
        yield driver
    finally:
        driver.terminate()


async def at_work(database: Database, waits: str) -> None:
    """Return when the other session of this role is at a statement, and waits for this."""
    async with asyncio.timeout(60):
        while not await database.hot_once(AT_WORK, waits=waits):
            await asyncio.sleep(0)


async def test_one_that_has_prepared_and_not_run_is_ended(database_url: str, scheduler_database: Database):
    """Row 5."""
    async with holding(database_url, user="test_scheduler") as driver:
        await driver.prepare("SELECT 1")
        assert await scheduler_database.hot_once(FREE) == []
        assert await end_stuck(scheduler_database, stuck_sec=0) == 1
        assert len(await scheduler_database.hot_once(FREE)) == 1


async def test_a_copy_whose_rows_come_slowly_is_let_be(database_url: str, scheduler_database: Database):
    more = asyncio.Event()

    async def rows() -> AsyncGenerator[bytes]:
        yield b"1\n"
        await more.wait()
        yield b"2\n"

    async with holding(database_url, user="test_scheduler") as driver:
        await driver.execute("CREATE TEMP TABLE copied (n int)")
        copying = asyncio.create_task(driver.copy_to_table("copied", source=rows()))
        await at_work(scheduler_database, "ClientRead")
        assert await end_stuck(scheduler_database, stuck_sec=0) == 0
        more.set()
        assert await copying == "COPY 2"


async def test_it_takes_its_time_to_be_stuck(database_url: str, scheduler_database: Database):
    async with holding(database_url, user="test_scheduler") as driver:
        await driver.prepare("SELECT 1")
        assert await end_stuck(scheduler_database) == 0


async def test_sessions_at_work_or_idle_or_of_other_roles_are_let_be(
    database_url: str, scheduler_database: Database, api_database: Database
):
    async with holding(database_url, user="test_scheduler") as driver:
        assert await end_stuck(scheduler_database, stuck_sec=0) == 0
        working = asyncio.create_task(driver.execute("SELECT pg_sleep(600)"))
        await at_work(scheduler_database, "PgSleep")
        assert await end_stuck(scheduler_database, stuck_sec=0) == 0
        await scheduler_database.hot_once(CANCEL)
        with pytest.raises(asyncpg.QueryCanceledError):
            await working
    async with holding(database_url, user="test_scheduler") as driver:
        await driver.prepare("SELECT 1")
        assert await end_stuck(api_database, stuck_sec=0) == 0
        assert await driver.fetchval("SELECT 2") == 2
