"""Hot statements: handed to the driver itself, which keeps them prepared. What else is done around one costs more than it."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import asyncpg
from sqlalchemy import IteratorResult, Result, TextClause
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.ext.asyncio import AsyncEngine

from slipway.database.scoped import ScopedConnection

_NAME = re.compile(r"(?<!:):(?!:)([a-z_]+)")


class Statement:
    """SQL whose parameters are written as `:name`; the driver's numbers are put in once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.names = tuple(dict.fromkeys(_NAME.findall(text)))
        numbers = {name: f"${number}" for number, name in enumerate(self.names, 1)}
        self.sql = _NAME.sub(lambda found: numbers[found[1]], text)

    def __str__(self) -> str:
        return self._text


class Hot:
    """A transaction of hot statements. Errors are the driver's; `errors` knows them as well as SQLAlchemy's."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def fetch(self, statement: Statement, **values: Any) -> Sequence[asyncpg.Record]:
        """Run a statement and return its rows: one round trip."""
        return await self._driver.fetch(statement.sql, *(values[name] for name in statement.names))

    async def execute(self, statement: TextClause, params: Mapping[str, Any] | None = None, /) -> Result[Any]:
        """Run a statement that sessions ask as well, and return its rows as they do."""
        rows = await self.fetch(_of_module(statement), **(params or {}))
        names = tuple(rows[0].keys()) if rows else ()
        return IteratorResult(SimpleResultMetaData(names), iter([tuple(row) for row in rows]))


@cache
def _of_module(statement: TextClause) -> Statement:
    """Return the statement as the driver takes it: made once, as modules write down few of them, or keep what they compose."""
    return Statement(statement.text)


@asynccontextmanager
async def lent(engine: AsyncEngine) -> AsyncGenerator[ScopedConnection]:
    """Lend the driver's own connection out of the pool. One that comes back within a transaction, or ended, is closed."""
    try:
        proxied = await engine.raw_connection()
    except engine.dialect.loaded_dbapi.Error as error:  # of a dialect's adapter, and no kind of SQLAlchemy's errors
        raise error.__cause__ or error from None
    driver = proxied.driver_connection
    assert isinstance(driver, ScopedConnection)  # noqa: S101 - the engine makes no others
    try:
        yield driver
    except asyncpg.InternalClientError:  # the server has ended it, which the driver will know in a moment
        driver.terminate()
        raise
    finally:
        if driver.is_closed() or driver.is_in_transaction():
            proxied.invalidate()
        proxied.close()


@asynccontextmanager
async def begun(driver: ScopedConnection, settings: Mapping[str, str]) -> AsyncGenerator[Hot]:
    """Begin a transaction with these settings; it commits when the context ends without an error."""
    if settings:
        driver.set_at_begin(**settings)
    await driver.execute("BEGIN;")
    try:
        yield Hot(driver)
    except BaseException:
        if not driver.is_closed():
            await asyncio.shield(driver.execute("ROLLBACK"))
        raise
    if await driver.execute("COMMIT") != "COMMIT":
        raise asyncpg.InFailedSQLTransactionError("a statement of this transaction had failed: nothing was written")
