"""What the chart tells its user."""

from slipway.messaging.queries import NotesRead, ReadNotes
from slipway_executor.cluster.port import Cluster
from slipway_executor.insight.places import deployed
from slipway_executor.masking import Masker
from slipway_executor.sealing import Keyring

LONGEST = 64 * 1024


class Notes:
    def __init__(self, cluster: Cluster, keyring: Keyring) -> None:
        self._cluster = cluster
        self._keyring = keyring

    async def __call__(self, asked: ReadNotes) -> NotesRead:
        record = await deployed(self._cluster, asked.place)
        notes = await self._cluster.notes(asked.place.namespace, asked.place.release, record.revision)
        masker = Masker(self._keyring.open(asked.secrets).values())
        return NotesRead(notes=masker.text(notes)[:LONGEST])
