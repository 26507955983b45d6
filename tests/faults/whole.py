"""Scheduler and executor in one process: a real database, a broker that cannot be relied upon, a cluster in memory."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import text

from slipway.clock import SystemClock
from slipway.database.engine import Database
from slipway.domain.charts import Registries
from slipway.domain.jobs import RetryPolicy
from slipway.domain.usage import Quota
from slipway.lifecycle import Ticker
from slipway.messaging import subjects
from slipway.messaging.broker import BrokerError, Delivery
from slipway.messaging.memory import MemoryBroker, MemoryDelivery
from slipway.messaging.messages import Chart, Sealed
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.cluster.port import Object
from slipway_executor.helm.memory import MemoryHelm
from slipway_executor.reconcile.loop import Reconciler
from slipway_executor.reserving import Reserving
from slipway_executor.sealing import Keyring
from slipway_executor.worker import Worker
from slipway_scheduler.claims import Claims
from slipway_scheduler.commands import build
from slipway_scheduler.dispatcher import Dispatcher
from slipway_scheduler.projector import Projector
from slipway_scheduler.reservations import Reservations
from slipway_scheduler.sweep import Sweep

READY = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "generation": 1}, "spec": {"replicas": 1},
    "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1},
}  # fmt: skip


class Unreliable(MemoryBroker):
    """Breaks each promise that NATS does not make, once for every message."""

    def __init__(
        self,
        *,
        repeats: bool = False,
        loses_acks: bool = False,
        loses_pub_acks: bool = False,
        forgets_ids: bool = False,
    ) -> None:
        """`repeats`: what is fetched comes twice, newest first. `forgets_ids`: the window of known ids is over at once."""
        super().__init__()
        self.repeats = repeats
        self.loses_acks = loses_acks
        self.loses_pub_acks = loses_pub_acks
        self.forgets_ids = forgets_ids
        self.faults = 0
        self._met: set[object] = set()

    def first(self, *message: object) -> bool:
        """Tell whether a message is met for the first time, and count the fault that it is about to suffer."""
        if message in self._met:
            return False
        self._met.add(message)
        self.faults += 1
        return True

    async def publish(self, subject: str, data: bytes, *, message_id: str, timeout: float = 5.0) -> None:
        await super().publish(subject, data, message_id=message_id, timeout=timeout)
        if self.forgets_ids:
            self._stream_for(subject).ids.clear()
        if self.loses_pub_acks and self.first("published", message_id):
            raise BrokerError("no answer in time")

    async def fetch(self, stream: str, consumer: str, *, batch: int, timeout: float) -> list[Delivery]:
        found = await super().fetch(stream, consumer, batch=batch, timeout=min(timeout, 0.1))
        if not (self.repeats or self.loses_acks):
            return found
        return [Repeated(each, self, stream) for each in reversed(found) if isinstance(each, MemoryDelivery)]


class Repeated:
    """A delivery whose first acknowledgement does not settle it."""

    def __init__(self, inner: MemoryDelivery, broker: Unreliable, stream: str) -> None:
        self._inner = inner
        self._broker = broker
        self._stream = stream

    @property
    def subject(self) -> str:
        return self._inner.subject

    @property
    def data(self) -> bytes:
        return self._inner.data

    @property
    def sequence(self) -> int:
        return self._inner.sequence

    @property
    def deliveries(self) -> int:
        return self._inner.deliveries

    async def ack(self) -> None:
        if not self._broker.first("acked", self._stream, self.sequence):
            return await self._inner.ack()
        await self._inner.nak()
        if self._broker.loses_acks:
            raise BrokerError("no answer in time")
        return None

    async def nak(self, delay_sec: float = 0.0) -> None:
        await self._inner.nak(delay_sec)

    async def term(self) -> None:
        await self._inner.term()


class Working(MemoryCluster):
    """Its objects are ready at the second look: there is something to wait for, and to report before the end."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    async def live(self, namespace: str, kinds: Collection[str]) -> list[Object]:
        found = await super().live(namespace, kinds)
        if namespace in self._seen:
            return found
        self._seen.add(namespace)
        self._changed.set()
        return [{**each, "status": {}} for each in found]


class Charts:
    """One chart for everything."""

    async def path(self, chart: Chart, registries: tuple[Sealed, ...] = ()) -> Path:
        return Path("chart.tgz")

    async def content(self, chart: Chart) -> str:
        return ""


class OffsetClock(SystemClock):
    """A clock that is off by some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._off = seconds

    def monotonic(self) -> float:
        return super().monotonic() + self._off


class Whole:
    def __init__(self, superuser: Database, database: Database, broker: Unreliable, *, off_sec: float = 0.0) -> None:
        """`off_sec` is how far the executor's clock is ahead of the scheduler's."""
        policy, clock = RetryPolicy(), OffsetClock(off_sec)
        self.superuser = superuser
        self.broker = broker
        self.cluster = Working()
        self.cluster.rendered = [READY]
        self.cluster.objects = [READY]
        self.helm = MemoryHelm(self.cluster)
        self.claims = Claims(database, committed=lambda: None)
        self.projector = Projector(database, broker, policy, committed=lambda: None)
        building = partial(build, registries=Registries.parse(()), quota=Quota(), attempts=policy.attempts)
        self.dispatcher = Dispatcher(database, broker, building, name="one", refuse=self.projector.refuse)
        self.reservations = Reservations(database, default=Quota())
        self.sweep = Sweep(database, broker, policy, SystemClock(), committed=lambda: None)
        reconciler = Reconciler(
            self.cluster,
            self.helm,
            Charts(),
            Keyring(bytes(range(32))),
            clock,
            Reserving(broker, SystemClock(), cluster="local", instance="e1"),
        )
        self.worker = Worker(broker, self.cluster, reconciler, clock, name="local", instance="e1", slots=4)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Run all loops while the context is open."""
        await self.broker.ensure_topology(["local"])
        stop = asyncio.Event()
        loops = {
            "beat": (self.worker.beat_once, 0.5), "dispatch": (self.dispatcher.run_once, 0.1),
            "pull": (self.worker.pull_once, 0.0), "project": (self.projector.run_once, 0.0),
            "sweep": (self.sweep.run_once, 1.0),
        }  # fmt: skip
        async with (
            self.broker.respond(subjects.CLAIM_ALL, self.claims.claim, group="s"),
            self.broker.respond(subjects.RESERVE_ALL, self.reservations.reserve, group="s"),
            self.broker.respond(subjects.BEAT_ALL, self.claims.beat, group="s"),
            asyncio.TaskGroup() as tasks,
        ):
            for name, (run_once, interval) in loops.items():
                tasks.create_task(Ticker(run_once, interval=interval, name=name).run(stop))
            try:
                yield
            finally:
                stop.set()

    async def rows(self, statement: str) -> list[Any]:
        async with self.superuser.reading() as session:
            return list((await session.execute(text(statement))).mappings().all())

    async def deployments_ready(self, count: int) -> bool | None:
        rows = await self.rows("SELECT status FROM deployment")
        return [row["status"] for row in rows] == ["ready"] * count or None

    async def happened(self) -> list[str]:
        """Return what the feed says of each job and fence, once for each time it was said."""
        rows = await self.rows("SELECT type, data_json ->> 'job' AS job FROM outbox_event ORDER BY id")
        return sorted(f"{row['job']} {row['type'].split('.')[3]}" for row in rows if row["job"])
