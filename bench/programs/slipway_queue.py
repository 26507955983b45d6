"""Slipway's job core in one process: the scheduler's own parts over real tables, with a broker in memory and an executor
that claims and reports at once.
"""

import asyncio
import time
from functools import partial
from uuid import UUID

import msgspec
import uvloop

from bench import seeds
from bench.programs import speaking
from slipway import telemetry
from slipway.database.engine import Database
from slipway.database.queries import deployments, enqueue
from slipway.domain.charts import Registries
from slipway.domain.jobs import JobReason, RetryPolicy
from slipway.domain.outcomes import Outcome
from slipway.domain.usage import Quota
from slipway.messaging import subjects
from slipway.messaging.broker import Delivery
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import Applied, Beat, Claim, ClaimAnswer, ClaimVerdict, Command, Report, encode
from slipway_scheduler.claims import Claims
from slipway_scheduler.commands import build
from slipway_scheduler.dispatcher import Dispatcher
from slipway_scheduler.projector import Projector

INSTANCE, CLUSTER, SLOTS, BATCH = "executor", "local", 600, 200


class Told(msgspec.Struct, frozen=True, kw_only=True):
    dsn: str
    jobs: int
    batch: int


class Core:
    def __init__(self, database: Database, broker: MemoryBroker) -> None:
        policy = RetryPolicy()
        self._broker = broker
        self._database = database
        self._committed = asyncio.Event()
        self.claims = Claims(database, committed=lambda: None)
        self.projector = Projector(database, broker, policy, committed=self._committed.set)
        building = partial(build, registries=Registries.parse(()), quota=Quota(), attempts=policy.attempts)
        self.dispatcher = Dispatcher(database, broker, building, name="bench", refuse=self.projector.refuse)

    async def put_in(self, jobs: list[tuple[UUID, UUID]], batch: int) -> None:
        """Queue a job for each deployment of (deployment, user)."""
        for start in range(0, len(jobs), batch):
            async with self._database.hot() as hot:
                for deployment, user in jobs[start : start + batch]:
                    await enqueue.enqueue(
                        hot, deployment=deployment, user=user, cluster=CLUSTER, reason=JobReason.UPDATE, generation=1
                    )

    async def work(self, jobs: int) -> None:
        """Lease, claim, report and project, side by side as the loops of a scheduler do, until all jobs have ended."""
        beat = Beat(instance=INSTANCE, cluster=CLUSTER, slots=SLOTS, free=SLOTS, version="1")
        await self.claims.beat(subjects.beat(CLUSTER), encode(beat))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._lease(jobs))
            tasks.create_task(self._execute(jobs))
            tasks.create_task(self._project(jobs))

    async def _lease(self, jobs: int) -> None:
        leased = 0
        while leased < jobs:
            self._committed.clear()
            found = await self.dispatcher.run_once()
            leased += found
            if not found:
                await self._committed.wait()

    async def _execute(self, jobs: int) -> None:
        taken, consumer = 0, subjects.jobs_consumer(CLUSTER)
        async with asyncio.TaskGroup() as tasks:
            while taken < jobs:
                found = await self._broker.fetch(subjects.JOBS_STREAM, consumer, batch=BATCH, timeout=5)
                taken += len(found)
                for delivery in found:
                    tasks.create_task(self._done(delivery))

    async def _project(self, jobs: int) -> None:
        ended = 0
        while ended < jobs:
            ended += await self.projector.run_once()

    async def _done(self, delivery: Delivery) -> None:
        command = msgspec.json.decode(delivery.data, type=Command)
        claim = Claim(job=command.job, fence=command.fence, instance=INSTANCE, cluster=CLUSTER)
        raw = await self.claims.claim(subjects.claim(CLUSTER), encode(claim))
        if raw is None or msgspec.json.decode(raw, type=ClaimAnswer).verdict is not ClaimVerdict.RUN:
            raise RuntimeError("the claim was refused")
        await delivery.ack()
        applied = Applied(generation=command.generation, revision=1, digest=command.digest, app_status="deployed")
        report = Report(
            job=command.job, fence=command.fence, seq=1, deployment=command.deployment, cluster=CLUSTER,
            generation=command.generation, instance=INSTANCE, outcome=Outcome.DONE, applied=applied,
        )  # fmt: skip
        message_id = f"{report.job}:{report.fence}:{report.seq}"
        await self._broker.publish(subjects.reports(CLUSTER), encode(report), message_id=message_id)


async def seeded(database: Database, count: int) -> list[tuple[UUID, UUID]]:
    """Add as many deployments, twenty for each user; return (deployment, user) of each."""
    version = await seeds.template(database)
    owners = [each.user for each in await seeds.accounts(database, -(-count // 20))]
    owned = [owners[number // 20] for number in range(count)]
    return [(await seeds.deployment(database, owner, version, status="provisioning"), owner) for owner in owned]


async def run(told: Told) -> dict[str, float]:
    database, broker = Database.connect(told.dsn, service="scheduler"), MemoryBroker()
    await broker.ensure_topology([CLUSTER])
    core, jobs = Core(database, broker), await seeded(database, told.jobs)
    start = time.monotonic()
    await core.put_in(jobs, told.batch)
    queued = time.monotonic()
    await core.work(told.jobs)
    ended = time.monotonic()
    async with database.reading() as session:
        ready = [await deployments.get(session, deployment) for deployment, _ in (jobs[0], jobs[-1])]
    if any(each is None or each.status != "ready" for each in ready):
        raise RuntimeError("not all jobs have ended")
    await database.close()
    return {"enqueue_sec": queued - start, "work_sec": ended - queued}


def main() -> None:
    told = speaking.told(Told)
    telemetry.start("scheduler", {})
    speaking.say(uvloop.run(run(told)))


if __name__ == "__main__":
    main()
