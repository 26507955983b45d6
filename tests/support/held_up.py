"""Having something wait for a lock that the test holds."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from sqlalchemy import text

from slipway.database.engine import Database

T = TypeVar("T")


async def held_up(database: Database, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Begin it, and return when it waits for somebody's lock (or has ended without waiting)."""
    task = asyncio.create_task(work)
    async with asyncio.timeout(30):
        while not task.done():
            async with database.reading() as session:
                if (await session.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))).scalar_one():
                    break
    return task
