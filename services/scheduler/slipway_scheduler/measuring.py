"""Measures queue and feed for the metrics: one cheap look for all scrapes in between."""

from slipway.database.engine import Database
from slipway.database.queries import measures
from slipway_scheduler import metrics
from slipway_scheduler.relay import Relay

INTERVAL_SEC = 15.0


class Measuring:
    def __init__(self, database: Database, relay: Relay) -> None:
        self._database = database
        self._relay = relay
        self._clusters: set[str] = set()

    async def run_once(self) -> None:
        async with self._database.reading() as session:
            waits = await measures.jobs(session)
            executors = await measures.executors(session)
            lag = await measures.lag(session, *self._relay.position) if self._relay.position else None
        for state, wait in waits.items():
            metrics.JOBS.labels(state).set(wait.count)
            metrics.OLDEST.labels(state).set(wait.oldest_sec)
        for cluster in self._clusters | executors.keys():
            count, slots = executors.get(cluster, (0, 0))
            metrics.CLUSTER_EXECUTORS.labels(cluster).set(count)
            metrics.CLUSTER_SLOTS.labels(cluster).set(slots)
        self._clusters |= executors.keys()
        if lag:
            metrics.EVENTS_WAITING.set(lag.count)
            metrics.EVENT_LAG.set(lag.oldest_sec)
        metrics.MEASURED.set_to_current_time()
