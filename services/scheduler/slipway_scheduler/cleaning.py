"""Keeps tables from growing with what nobody asks for any more."""

from slipway.database.engine import Database
from slipway.database.queries import cleaning

INTERVAL_SEC = 60.0


class Cleaning:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def run_once(self) -> int:
        """Return how many rows were deleted."""
        async with self._database.writing() as session:
            return await cleaning.clean(session)
