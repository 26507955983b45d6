"""Keeps streams and consumers in place: at start, every 30 s, and when one was found missing."""

from slipway.database.engine import Database
from slipway.database.queries import clusters
from slipway.messaging.broker import Broker

INTERVAL_SEC = 30.0


class NoStreams(Exception):
    """Streams and consumers could not be made or looked at, the last time that this was tried."""


class Topology:
    def __init__(self, database: Database, broker: Broker) -> None:
        self._database = database
        self._broker = broker
        self._there = False

    async def check(self) -> None:
        """A health check: raises NoStreams unless the last pass found or made all of them."""
        if not self._there:
            raise NoStreams

    async def run_once(self) -> None:
        try:
            await self._ensure()
        except Exception:
            self._there = False
            raise
        self._there = True

    async def _ensure(self) -> None:
        async with self._database.reading() as session:
            names = await clusters.names(session)
        await self._broker.ensure_topology(names)
