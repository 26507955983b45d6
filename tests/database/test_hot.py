"""Hot statements: in one transaction or none, on connections that come back to the pool as they were."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from slipway.database.engine import Database, Scope
from slipway.database.errors import UNAVAILABLE, passes
from slipway.database.hot import Statement

NOTE = Statement("INSERT INTO cluster (name) VALUES (:name)")
NAMES = Statement("SELECT name FROM cluster WHERE name LIKE :like ORDER BY name")
SCOPE = Statement("SELECT coalesce(current_setting('slipway.is_admin', true), '') AS admin, pg_backend_pid() AS pid")
SLOW = Statement("SELECT pg_sleep(60)")
SHORT = Statement("SELECT pg_sleep(0.01)")
END_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"


async def names(database: Database) -> list[str]:
    return [row["name"] for row in await database.hot_once(NAMES, like="hot-%")]


def test_names_become_numbers_and_casts_stay():
    statement = Statement("SELECT :b::int, CAST(:a AS text), :b WHERE x = ANY(:a)")
    assert statement.sql == "SELECT $1::int, CAST($2 AS text), $1 WHERE x = ANY($2)"
    assert statement.names == ("b", "a")


async def test_a_transaction_is_whole(database: Database):
    async with database.hot() as hot:
        await hot.fetch(NOTE, name="hot-1")
        await hot.fetch(NOTE, name="hot-2")
    with pytest.raises(RuntimeError):
        async with database.hot() as hot:
            await hot.fetch(NOTE, name="hot-3")
            raise RuntimeError
    assert await names(database) == ["hot-1", "hot-2"]


async def test_it_runs_for_nobody_on_a_connection_that_ran_for_somebody(database: Database):
    async with database.writing(Scope(is_admin=True)) as session:
        before = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    async with database.hot() as hot:
        [row] = await hot.fetch(SCOPE)
    assert (row["admin"], row["pid"]) == ("", before)


async def test_one_that_is_cancelled_leaves_nothing_open(database: Database):
    begun = asyncio.Event()

    async def slow() -> None:
        async with database.hot() as hot:
            await hot.fetch(NOTE, name="hot-4")
            begun.set()
            await hot.fetch(SLOW)

    task = asyncio.create_task(slow())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.hot() as hot:
        await hot.fetch(NOTE, name="hot-5")
    assert await names(database) == ["hot-5"]


async def test_what_an_ended_connection_raises_is_over_by_itself(database: Database, database_url: str):
    stop, found = asyncio.Event(), list[BaseException]()

    async def work() -> None:
        while not stop.is_set():
            try:
                async with database.hot() as hot:
                    for _ in range(5):
                        await hot.fetch(SHORT)
            except Exception as error:  # noqa: BLE001 - whatever it is
                found.append(error)

    ending = await asyncpg.connect(database_url)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(work())
        while len(found) < 200:
            await ending.execute("SELECT pg_sleep(0.04)")  # meanwhile they work
            await ending.execute(END_OTHERS)
        stop.set()
    await ending.close()
    assert [error for error in found if not (isinstance(error, UNAVAILABLE) and passes(error))] == []
