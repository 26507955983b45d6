"""Keeps tables from growing with what nobody asks for any more."""

from collections.abc import Awaitable, Callable
from functools import partial

from slipway.database.engine import Database, WriteSession
from slipway.database.queries import archives, cleaning, history

INTERVAL_SEC = 60.0
BATCH = 2000


class Cleaning:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def run_once(self) -> int:
        """Return how many rows were deleted or moved."""
        moved = await self._all(partial(history.move, most=BATCH), BATCH)
        deleted = await self._all(cleaning.clean, cleaning.MOST)
        async with self._database.writing() as session:
            return moved + deleted + await archives.forget_unneeded(session)

    async def _all(self, some: Callable[[WriteSession], Awaitable[int]], most: int) -> int:
        """Take away all that is over, some of it in each transaction; return how many rows."""
        taken = 0
        while True:
            async with self._database.writing() as session:
                batch = await some(session)
            taken += batch
            if batch < most:
                return taken
