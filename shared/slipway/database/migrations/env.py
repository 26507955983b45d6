"""Runs migrations over asyncpg, one transaction each, giving up soon on a lock that a busy table does not yield."""

import asyncio
from functools import partial

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from slipway.database.dsn import connect
from slipway.database.models import Base

LOCK_TIMEOUT = "5s"


def _of_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out the partitions of the history: schedulers make one each month."""
    return not (kind == "table" and (name or "").startswith("job_history_"))


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
        include_name=_of_ours,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run() -> None:
    settings = {"lock_timeout": LOCK_TIMEOUT}  # of the whole session: each migration is a transaction of its own
    opening = partial(connect, context.config.attributes["dsn"], server_settings=settings)
    engine = create_async_engine("postgresql+asyncpg://", poolclass=NullPool, async_creator=opening)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(_run())
