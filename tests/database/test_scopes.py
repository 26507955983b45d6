"""A transaction's scope goes with its BEGIN: whole, whatever is in it, and never to anybody else."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text

from slipway.database.engine import Database, Scope
from slipway.database.hot import Statement

USER = UUID("01234567-89ab-7def-8123-456789abcdef")
SETTINGS = text(
    "SELECT current_setting('slipway.user_id', true) AS user, current_setting('slipway.is_admin', true) AS admin,"
    " current_setting('slipway.credential', true) AS credential, current_setting('transaction_read_only') AS read_only"
)


@pytest.fixture
async def one(database_url: str) -> AsyncIterator[Database]:
    """A pool of one connection, which everybody gets in turn."""
    database = Database.connect(database_url, service="test", pool_size=1, max_overflow=0)
    yield database
    await database.close()


@pytest.mark.parametrize("credential", ["plain", "it's", "back\\slash\\'", "'); DROP TABLE users; --", "$$ü€ %s :name"])
async def test_it_is_taken_as_it_is(one: Database, credential: str):
    async with one.reading(Scope(user_id=USER, is_admin=True, credential=credential)) as session:
        row = (await session.execute(SETTINGS)).mappings().one()
    assert dict(row) == {"user": str(USER), "admin": "on", "credential": credential, "read_only": "on"}


async def test_it_ends_with_its_transaction(one: Database):
    async with one.reading(Scope(user_id=USER, is_admin=True)) as session:
        await session.execute(text("SELECT 1"))
    async with one.writing() as session:
        assert dict((await session.execute(SETTINGS)).mappings().one()) == {
            "user": "",
            "admin": "off",
            "credential": "",
            "read_only": "off",
        }
    [row] = await one.hot_once(Statement(SETTINGS.text))
    assert not row["user"]


async def test_one_that_was_never_used_is_forgotten(one: Database):
    async with one.reading(Scope(user_id=USER, is_admin=True)):
        pass
    async with one.engine.connect() as connection:
        row = (await connection.execute(SETTINGS)).mappings().one()
    assert not row["user"]
    assert row["admin"] != "on"
