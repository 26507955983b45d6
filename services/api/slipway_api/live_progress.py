"""How far jobs are, at this moment: heard from executors, handed to whoever follows; nothing is kept."""

import asyncio

import msgspec

from slipway.messaging import subjects
from slipway.messaging.broker import Broker
from slipway.messaging.messages import Progress
from slipway_api.live import LiveFeed


class LiveProgress:
    def __init__(self, broker: Broker | None, live: LiveFeed) -> None:
        self._broker = broker
        self._live = live

    async def run(self, stop: asyncio.Event) -> None:
        """Hear executors until `stop` is set."""
        if self._broker is None:
            return
        async with self._broker.listen(subjects.PROGRESS_ALL, self.hear):
            await stop.wait()

    async def hear(self, subject: str, data: bytes) -> None:
        """Hand on one message; one on a subject that is not its own is dropped."""
        told = msgspec.json.decode(data, type=Progress)
        if subject == subjects.progress(told.cluster, told.deployment):
            self._live.tell(told)
