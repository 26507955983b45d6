"""A scheduler's parts over one real database and a broker in memory."""

from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.clock import ManualClock
from slipway.database.engine import Database
from slipway.database.queries import deployments, enqueue
from slipway.domain.charts import Registries
from slipway.domain.jobs import JobReason, RetryPolicy
from slipway.domain.usage import Quota
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import (
    Applied,
    Beat,
    BeatAnswer,
    Claim,
    ClaimAnswer,
    Command,
    HeldJob,
    JobPhase,
    Report,
    encode,
)
from slipway_scheduler.claims import Claims
from slipway_scheduler.commands import build
from slipway_scheduler.dispatcher import Dispatcher
from slipway_scheduler.projector import Projector
from slipway_scheduler.sweep import Sweep
from tests.support.rows import Seeded

CONSUMER = subjects.jobs_consumer("local")


class World:
    """A scheduler's parts over one database and a broker in memory."""

    def __init__(self, superuser: Database, database: Database, broker: MemoryBroker, seeded: Seeded) -> None:
        self.superuser = superuser
        self.database = database
        self.broker = broker
        self.seeded = seeded
        self.clock = ManualClock()
        self.claims = Claims(database, committed=lambda: None)
        self.projector = Projector(database, broker, RetryPolicy(), committed=lambda: None)
        self.dispatcher = self.new_dispatcher("one")
        self.sweep = Sweep(database, broker, RetryPolicy(), self.clock, committed=lambda: None)

    def new_dispatcher(self, name: str) -> Dispatcher:
        building = partial(build, registries=Registries.parse(()), quota=Quota(), attempts=RetryPolicy().attempts)
        refuse = self.projector.refuse
        return Dispatcher(self.database, self.broker, building, name=name, refuse=refuse, clock=self.clock)

    async def beat(
        self, *held: Command, instance: str = "e1", slots: int = 50, phase: JobPhase = JobPhase.APPLYING
    ) -> list[str]:
        beat = self.beat_of(*held, instance=instance, slots=slots, free=slots, phase=phase)
        raw = await self.claims.beat(subjects.beat("local"), encode(beat))
        assert raw is not None
        return [answer.verdict.value for answer in msgspec.json.decode(raw, type=BeatAnswer).jobs]

    def beat_of(self, *held: Command, phase: JobPhase = JobPhase.APPLYING, **fields: Any) -> Beat:
        jobs = tuple(HeldJob(job=each.job, fence=each.fence, phase=phase) for each in held)
        usual: dict[str, Any] = {"instance": "e1", "cluster": "local", "slots": 50, "free": 50, "version": "1"}
        return Beat(**{**usual, **fields}, jobs=jobs)

    async def claim(self, command: Command, instance: str = "e1") -> str:
        wish = Claim(job=command.job, fence=command.fence, instance=instance, cluster="local")
        raw = await self.claims.claim(subjects.claim("local"), encode(wish))
        assert raw is not None
        return msgspec.json.decode(raw, type=ClaimAnswer).verdict.value

    async def pulled(self) -> list[Command]:
        found = await self.broker.fetch(subjects.JOBS_STREAM, CONSUMER, batch=100, timeout=0.05)
        for delivery in found:
            await delivery.ack()
        return [msgspec.json.decode(delivery.data, type=Command) for delivery in found]

    async def running(self) -> Command:
        await self.beat()
        await self.dispatcher.run_once()
        [command] = await self.pulled()
        assert await self.claim(command) == "run"
        return command

    async def report(self, command: Command, *, seq: int = 1, **fields: Any) -> None:
        await self.projector.apply(report_of(command, seq=seq, **fields), cluster="local")

    async def row(self, table: str, columns: str = "*") -> Any:
        async with self.superuser.reading() as session:
            return (await session.execute(text(f"SELECT {columns} FROM {table}"))).mappings().one()

    async def rows(self, statement: str) -> list[dict[str, Any]]:
        async with self.superuser.reading() as session:
            return [dict(row) for row in (await session.execute(text(statement))).mappings()]

    async def do(self, statement: str) -> None:
        async with self.superuser.writing() as session:
            await session.execute(text(statement))

    async def change(self, deployment: UUID, reason: JobReason = JobReason.UPDATE) -> None:
        """Accept a change as the API does."""
        async with self.superuser.writing() as session:
            found = await deployments.lock(session, deployment)
            assert found is not None
            status = "deleting" if reason is JobReason.DELETE else "upgrading"
            changed = await deployments.change(session, found, generation=found.generation + 1, status=status)
            await enqueue.enqueue(
                session,
                deployment=deployment,
                user=found.user_id,
                cluster="local",
                reason=reason,
                generation=changed.generation,
            )

    async def trusted(self) -> None:
        """Let the sweep have been connected for long enough."""
        await self.sweep.run_once()
        for _ in range(4):
            await self.clock.advance(10)
            await self.sweep.run_once()


def applied(generation: int = 1) -> Applied:
    return Applied(generation=generation, revision=1, digest="d" * 40, app_status="deployed")


def report_of(command: Command, *, seq: int = 1, **fields: Any) -> Report:
    """Return what the executor that runs the command says."""
    return Report(
        job=command.job, fence=command.fence, seq=seq, deployment=command.deployment, cluster="local",
        generation=command.generation, instance="e1", **fields,
    )  # fmt: skip
