"""Sessions: one transaction each, begun with the caller's scope, committed only at the border that opened it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a transaction runs. Row-level security shows nobody's rows to the default scope."""

    user_id: UUID | None = None
    is_admin: bool = False


NOBODY = Scope()


class ReadSession(AsyncSession):
    """A read-only transaction; PostgreSQL refuses writes in it."""


class WriteSession(ReadSession):
    """A transaction that commits when its context ends without an error."""


_BEGIN = text(
    "SELECT set_config('slipway.user_id', :user, true), set_config('slipway.is_admin', :admin, true),"
    " set_config('transaction_read_only', :read_only, true)"
)


class Database:
    """The pool of one service."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @classmethod
    def connect(cls, dsn: str, *, service: str, pool_size: int = 10, max_overflow: int = 10) -> "Database":
        """Return a database over a lazy pool. `dsn` is a libpq URL (`postgresql://...`). Opens nothing yet."""
        settings = {
            "application_name": f"slipway-{service}",
            "statement_timeout": "30000",
            "lock_timeout": "10000",
            "idle_in_transaction_session_timeout": "60000",
            "timezone": "UTC",
        }
        engine = create_async_engine(
            async_url(dsn),
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=10,
            pool_pre_ping=True,
            pool_recycle=1800,
            hide_parameters=True,  # an error's text ends in logs; its parameters may be secrets
            connect_args={"server_settings": settings, "timeout": 5},
        )
        return cls(engine)

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

    async def ping(self) -> None:
        """Raise when the server does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


def async_url(dsn: str) -> str:
    """Return the DSN with the asyncpg driver named, whichever PostgreSQL spelling it came in."""
    scheme, sep, rest = dsn.partition("://")
    if not sep or scheme.split("+")[0] not in ("postgresql", "postgres"):
        raise ValueError("DATABASE_URL must begin with postgresql://")
    return f"postgresql+asyncpg://{rest}"


async def _begin(session: AsyncSession, scope: Scope, *, read_only: bool) -> None:
    await session.execute(
        _BEGIN,
        {
            "user": str(scope.user_id) if scope.user_id else "",
            "admin": "on" if scope.is_admin else "off",
            "read_only": "on" if read_only else "off",
        },
    )
