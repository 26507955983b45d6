"""Sessions: one transaction each, begun with the caller's scope, committed only at the border that opened it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import Result, TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from slipway.database.dsn import connect, readable
from slipway.database.hot import Hot, Statement, begun, lent
from slipway.database.idle import check_idle
from slipway.database.pool import TimedPool, Waited
from slipway.database.scoped import ScopedConnection, forget_at_checkin


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a transaction runs. Row-level security shows nobody's rows to the default scope."""

    user_id: UUID | None = None
    is_admin: bool = False
    credential: str = ""
    """What the caller proved to hold: hash of a token or code, id of a sign-in. Shows the row of that one."""


NOBODY = Scope()


class ReadSession(AsyncSession):
    """A read-only transaction; PostgreSQL refuses writes in it."""


class WriteSession(ReadSession):
    """A transaction that commits when its context ends without an error."""


class Statements(Protocol):
    """What statements of text are asked by: a session, or a hot transaction."""

    async def execute(self, statement: TextClause, params: Mapping[str, Any] | None = None, /) -> Result[Any]: ...


class PoolUse(msgspec.Struct, frozen=True, kw_only=True):
    """Connections of a pool: those that work, those that wait for work, and how many there may be."""

    in_use: int
    idle: int
    limit: int


_ENTER = text(
    "SELECT set_config('slipway.user_id', :slipway__user_id, true), set_config('slipway.is_admin', :slipway__is_admin, true),"
    " set_config('slipway.credential', :slipway__credential, true)"
)


class Database:
    """The pool of one service."""

    def __init__(self, engine: AsyncEngine, *, limit: int) -> None:
        """`limit` is how many connections the engine's pool opens at most."""
        self.engine = engine
        self._limit = limit

    @classmethod
    def connect(
        cls, dsn: str, *, service: str, pool_size: int = 10, max_overflow: int = 10, pool_timeout: float = 10.0
    ) -> "Database":
        """Return a database over a lazy pool. `dsn` is a libpq URL; DsnError when it is none. Opens nothing yet."""
        settings = {
            "application_name": f"slipway-{service}",
            "statement_timeout": "30000",
            "lock_timeout": "10000",
            "idle_in_transaction_session_timeout": "60000",
            "timezone": "UTC",
            "standard_conforming_strings": "on",  # by which a scope is quoted
            "jit": "off",  # it takes milliseconds to compile what runs for less than one
        }
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=partial(
                connect, readable(dsn), server_settings=settings, timeout=5, connection_class=ScopedConnection
            ),
            poolclass=TimedPool,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=pool_timeout,
            pool_use_lifo=True,  # those in use have their statements prepared; those that nobody needs lie still
            pool_recycle=1800,
            hide_parameters=True,  # an error's text ends in logs; its parameters may be secrets
        )
        check_idle(engine.sync_engine)
        forget_at_checkin(engine.sync_engine)
        return cls(engine, limit=pool_size + max_overflow)

    @asynccontextmanager
    async def reading(self, scope: Scope = NOBODY) -> AsyncGenerator[ReadSession]:
        async with ReadSession(self.engine, expire_on_commit=False) as session:
            await _begin(session, scope, read_only=True)
            yield session

    @asynccontextmanager
    async def writing(self, scope: Scope = NOBODY) -> AsyncGenerator[WriteSession]:
        async with WriteSession(self.engine, expire_on_commit=False) as session:
            await _begin(session, scope, read_only=False)
            yield session
            await session.commit()

    @asynccontextmanager
    async def hot(self, scope: Scope = NOBODY, *, read_only: bool = False) -> AsyncGenerator[Hot]:
        """Begin a transaction of hot statements; it commits when its context ends without an error."""
        settings = {} if scope == NOBODY and not read_only else _settings(scope, read_only=read_only)
        async with lent(self.engine) as driver, begun(driver, settings) as opened:
            yield opened

    async def hot_once(self, statement: Statement, **values: Any) -> Sequence[asyncpg.Record]:
        """Run one hot statement and return its rows: a single round trip, its own transaction, with nobody's scope."""
        async with lent(self.engine) as driver:
            return await Hot(driver).fetch(statement, **values)

    async def ping(self) -> None:
        """Raise when the server does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    def pool_use(self) -> PoolUse:
        """Return how far the pool is used at this moment."""
        return PoolUse(in_use=self._pool.checkedout(), idle=self._pool.checkedin(), limit=self._limit)

    def tell_waits(self, waited: Waited) -> None:
        """Have somebody told of each wait for a connection from now on."""
        self._pool.waited = waited

    async def close(self) -> None:
        await self.engine.dispose()

    @property
    def _pool(self) -> TimedPool:
        pool = self.engine.pool
        assert isinstance(pool, TimedPool)  # noqa: S101 - `connect` asked for it
        return pool


async def enter(session: WriteSession, scope: Scope) -> None:
    """Go on for another scope: whoever signs in is known in the middle of a transaction."""
    await session.execute(_ENTER, _scope(scope))


async def _begin(session: AsyncSession, scope: Scope, *, read_only: bool) -> None:
    """Have the session's transaction, which begins with its first statement, run for the scope."""
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    assert isinstance(connection, ScopedConnection)  # noqa: S101 - the engine makes no others
    connection.set_at_begin(**_settings(scope, read_only=read_only))


def _settings(scope: Scope, *, read_only: bool) -> dict[str, str]:
    return {**_scope(scope), "transaction_read_only": "on" if read_only else "off"}


def _scope(scope: Scope) -> dict[str, str]:
    return {
        "slipway__user_id": str(scope.user_id) if scope.user_id else "",
        "slipway__is_admin": "on" if scope.is_admin else "off",
        "slipway__credential": scope.credential,
    }
