"""Keeps streams and consumers in place: at start, every 30 s, and when one was found missing."""

from slipway.database.engine import Database
from slipway.database.queries import clusters
from slipway.messaging.broker import Broker

INTERVAL_SEC = 30.0


class Topology:
    def __init__(self, database: Database, broker: Broker) -> None:
        self._database = database
        self._broker = broker

    async def run_once(self) -> None:
        async with self._database.reading() as session:
            names = await clusters.names(session)
        await self._broker.ensure_topology(names)
