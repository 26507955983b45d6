"""What a pod printed, and what it goes on to print."""

import asyncio

import structlog

from slipway.messaging.broker import Broker, BrokerError
from slipway.messaging.queries import LogsRead, ReadLogs
from slipway_executor.cluster.port import Cluster, LogRequest
from slipway_executor.failing import OperationFailed, terminal, transient
from slipway_executor.insight.places import own_namespace

log = structlog.get_logger()

LONGEST_TAIL = 5000
ASK_SEC = 5.0
"""So often the follower is asked whether it is still there."""
FOLLOWERS = 50


class Logs:
    """Follows run beside the answers, each until its asker is gone or the pod has ended."""

    def __init__(self, cluster: Cluster, broker: Broker) -> None:
        self._cluster = cluster
        self._broker = broker
        self._following: set[asyncio.Task[None]] = set()

    async def __call__(self, asked: ReadLogs) -> LogsRead:
        namespace = await own_namespace(self._cluster, asked.place)
        if namespace is None or not namespace.open:
            raise terminal("not_found", "nothing is deployed yet")
        wanted = LogRequest(
            pod=asked.pod, container=asked.container, tail=min(asked.tail, LONGEST_TAIL), previous=asked.previous
        )
        if asked.follow_to is None:
            return LogsRead(text=await self._cluster.logs(asked.place.namespace, wanted))
        if len(self._following) >= FOLLOWERS:
            raise transient("busy", "too many logs are followed at once")
        task = asyncio.create_task(self._follow(asked.place.namespace, wanted, asked.follow_to))
        self._following.add(task)
        task.add_done_callback(self._following.discard)
        return LogsRead()

    async def close(self) -> None:
        """End all follows."""
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)

    async def _follow(self, namespace: str, wanted: LogRequest, subject: str) -> None:
        """Send what is printed; an empty message ends it. The asker answers each request while it is there."""
        listening = asyncio.create_task(self._until_nobody_listens(subject))
        sending = asyncio.create_task(self._send(namespace, wanted, subject))
        try:
            await asyncio.wait({listening, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (listening, sending):
                task.cancel()
            await asyncio.gather(listening, sending, return_exceptions=True)
            await self._broker.send(subject, b"")

    async def _send(self, namespace: str, wanted: LogRequest, subject: str) -> None:
        try:
            async for piece in self._cluster.follow_logs(namespace, wanted):
                await self._broker.send(subject, piece)
        except OperationFailed as error:
            log.info("follow_ended", pod=wanted.pod, code=error.failure.code)

    async def _until_nobody_listens(self, subject: str) -> None:
        while True:
            await asyncio.sleep(ASK_SEC)
            try:
                await self._broker.request(f"{subject}.alive", b"", timeout=ASK_SEC)
            except BrokerError:
                return
