"""What the chart tells its user."""

from slipway.messaging.queries import NotesRead, ReadNotes
from slipway_executor.cluster.port import Cluster
from slipway_executor.insight.places import deployed

LONGEST = 64 * 1024


class Notes:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def __call__(self, asked: ReadNotes) -> NotesRead:
        record = await deployed(self._cluster, asked.place)
        notes = await self._cluster.notes(asked.place.namespace, asked.place.release, record.revision)
        return NotesRead(notes=notes[:LONGEST])
