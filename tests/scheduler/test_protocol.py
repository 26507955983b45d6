"""Lease, publish, claim, beat, report, project, sweep: on a real PostgreSQL, as the scheduler's own login."""

import asyncio
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from slipway.clock import ManualClock
from slipway.database.engine import Database
from slipway.database.queries import deployments, enqueue, leases
from slipway.domain.charts import Registries
from slipway.domain.failures import Failure, FailureClass
from slipway.domain.jobs import JobReason, RetryPolicy
from slipway.domain.outcomes import Outcome
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
from tests.support.rows import Seeded, deploy, seed

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
        return Dispatcher(self.database, self.broker, building, name=name, refuse=self.projector.refuse)

    async def beat(self, *held: Command, instance: str = "e1", slots: int = 50) -> list[str]:
        jobs = tuple(HeldJob(job=each.job, fence=each.fence, phase=JobPhase.APPLYING) for each in held)
        beat = Beat(instance=instance, cluster="local", slots=slots, free=slots, version="1", jobs=jobs)
        raw = await self.claims.beat(subjects.beat("local"), encode(beat))
        assert raw is not None
        return [answer.verdict.value for answer in msgspec.json.decode(raw, type=BeatAnswer).jobs]

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
        report = Report(
            job=command.job, fence=command.fence, seq=seq, deployment=command.deployment, cluster="local",
            generation=command.generation, instance="e1", **fields,
        )  # fmt: skip
        await self.projector.apply(report, cluster="local")

    async def row(self, table: str, columns: str = "*") -> Any:
        async with self.superuser.reading() as session:
            return (await session.execute(text(f"SELECT {columns} FROM {table}"))).mappings().one()

    async def do(self, statement: str) -> None:
        async with self.superuser.writing() as session:
            await session.execute(text(statement))

    async def change(self, deployment: UUID, reason: JobReason = JobReason.UPDATE) -> None:
        """Accept a change as the API does."""
        async with self.superuser.writing() as session:
            found = await deployments.lock(session, deployment)
            assert found is not None
            status = "deleting" if reason is JobReason.DELETE else "upgrading"
            await deployments.change(session, found, generation=found.generation + 1, status=status)
            await enqueue.enqueue(
                session,
                deployment=deployment,
                user=found.user_id,
                cluster="local",
                reason=reason,
                generation=found.generation,
            )

    async def trusted(self) -> None:
        """Let the sweep have been connected for long enough."""
        await self.sweep.run_once()
        for _ in range(4):
            await self.clock.advance(10)
            await self.sweep.run_once()


@pytest.fixture
async def world(database: Database, scheduler_database: Database) -> World:
    broker = MemoryBroker()
    await broker.ensure_topology(["local"])
    return World(database, scheduler_database, broker, await seed(database))


def applied(generation: int = 1) -> Applied:
    return Applied(generation=generation, revision=1, digest="d" * 40, app_status="deployed")


async def test_a_job_goes_all_the_way(world: World):
    deployment = await deploy(world.superuser, world.seeded)
    command = await world.running()
    assert command.values["slipway"]["domain"] == "product-user-000001.example.org"
    assert command.chart is not None
    assert command.chart.builtin == "web-service"
    await world.report(command, outcome=Outcome.DONE, applied=applied(), timings_ms={"helm": 12.0})
    row = await world.row("deployment")
    assert (row["id"], row["status"], row["applied_generation"]) == (deployment, "ready", 1)
    assert (await world.row("deployment_reconcile_job"))["status"] == "succeeded"
    assert (await world.row("deployment_revision"))["digest"] == "d" * 40
    event = await world.row("outbox_event WHERE type LIKE '%ready%'", "data_json")
    assert {"request_to_lease", "lease_to_publish", "publish_to_claim", "helm"} <= event["data_json"][
        "timings_ms"
    ].keys()


async def test_without_executors_nothing_is_leased(world: World):
    await deploy(world.superuser, world.seeded)
    assert await world.dispatcher.run_once() == 0


async def test_leases_follow_the_executors_room(world: World):
    for number in range(10):
        await deploy(world.superuser, world.seeded, number)
    await world.beat(slots=3)
    assert await world.dispatcher.run_once() == 4, "three slots and one ahead"
    assert await world.dispatcher.run_once() == 0


async def test_concurrent_leases_never_give_a_job_twice(world: World):
    for number in range(40):
        await deploy(world.superuser, world.seeded, number)

    async def take(name: str) -> list[UUID]:
        async with world.database.writing() as session:
            return [each.job for each in await leases.lease(session, cluster="local", count=10, dispatcher=name)]

    taken = [job for each in await asyncio.gather(*(take(f"d{n}") for n in range(8))) for job in each]
    assert len(taken) == len(set(taken)) == 40


async def test_a_suspended_deployment_waits_unless_it_is_deleted(world: World):
    deployment = await deploy(world.superuser, world.seeded, suspended=True)
    await world.beat()
    assert await world.dispatcher.run_once() == 0
    await world.change(deployment, JobReason.DELETE)
    assert await world.dispatcher.run_once() == 1


async def test_a_fence_has_one_claimant_for_ever(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    assert await world.claim(command, "e1") == "run", "asking again is the same claim"
    assert await world.claim(command, "e2") == "drop"


async def test_a_command_that_was_not_published_is_published_with_the_same_fence(world: World):
    await deploy(world.superuser, world.seeded)
    await world.beat()
    async with world.database.writing() as session:
        [leased] = await leases.lease(session, cluster="local", count=1, dispatcher="died")
    await world.do("UPDATE deployment_reconcile_job SET locked_at = now() - interval '3 seconds'")
    await world.dispatcher.run_once()
    [command] = await world.pulled()
    assert (command.job, command.fence) == (leased.job, leased.fence)


async def test_a_lost_publication_mark_stores_nothing_twice(world: World):
    await deploy(world.superuser, world.seeded)
    await world.beat()
    await world.dispatcher.run_once()
    await world.do("UPDATE deployment_reconcile_job SET published_at = NULL, locked_at = now() - interval '3 seconds'")
    await world.dispatcher.run_once()
    assert len(await world.pulled()) == 1


async def test_an_unclaimed_lease_is_returned_uncounted_with_a_new_fence(world: World):
    await deploy(world.superuser, world.seeded)
    await world.beat()
    await world.dispatcher.run_once()
    [first] = await world.pulled()
    await world.do("UPDATE deployment_reconcile_job SET locked_at = now() - interval '31 seconds'")
    await world.trusted()
    assert (await world.row("deployment_reconcile_job"))["status"] == "queued"
    await world.dispatcher.run_once()
    [second] = await world.pulled()
    assert second.fence > first.fence
    assert await world.claim(first) == "drop"
    row = await world.row("deployment_reconcile_job")
    assert (row["attempt"], row["lost"]) == (0, 0)


async def test_a_vanished_owner_is_found_and_the_third_time_is_quarantine(world: World):
    await deploy(world.superuser, world.seeded)
    for lost in (1, 2, 3):
        await world.do("UPDATE deployment_reconcile_job SET run_after = now()")
        await world.running()
        await world.do("UPDATE job_lease SET beat_at = now() - interval '31 seconds'")
        await world.trusted()
        row = await world.row("deployment_reconcile_job")
        assert (row["lost"], row["status"]) == (lost, "delayed" if lost < 3 else "quarantined")
    assert (await world.row("outbox_event WHERE type LIKE '%quarantined%'"))["deployment_seq"] is not None


async def test_a_scheduler_that_was_cut_off_trusts_no_silence(world: World):
    await deploy(world.superuser, world.seeded)
    await world.running()
    await world.do("UPDATE job_lease SET beat_at = now() - interval '5 minutes'")
    world.broker.connected = False
    await world.trusted()
    world.broker.connected = True
    await world.sweep.run_once()
    assert (await world.row("deployment_reconcile_job"))["status"] == "running", (
        "its executor may have beaten elsewhere"
    )
    await world.clock.advance(60)
    await world.sweep.run_once()
    assert (await world.row("deployment_reconcile_job"))["status"] == "running", "the process itself stood still"


async def test_beats_answer_what_to_do(world: World):
    deployment = await deploy(world.superuser, world.seeded)
    command = await world.running()
    assert await world.beat(command) == ["ok"]
    assert await world.beat(command, instance="e2") == ["fenced"]
    await world.change(deployment)
    assert await world.beat(command) == ["superseded"]
    await world.do("UPDATE deployment_reconcile_job SET cancel_requested = true WHERE status = 'running'")
    assert await world.beat(command) == ["cancelled"]
    await world.do("UPDATE deployment_reconcile_job SET status = 'failed' WHERE status = 'running'")
    assert await world.beat(command) == ["fenced"]


async def test_a_change_while_a_job_runs_waits_and_runs_after_it(world: World):
    deployment = await deploy(world.superuser, world.seeded)
    first = await world.running()
    await world.change(deployment)
    assert await world.dispatcher.run_once() == 0, "one in flight"
    await world.report(first, outcome=Outcome.STOPPED)
    await world.dispatcher.run_once()
    [second] = await world.pulled()
    assert (second.generation, second.fence > first.fence) == (2, True)


async def test_reports_in_reverse_and_twice_are_applied_once(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    for _ in range(2):
        await world.report(command, seq=2, outcome=Outcome.DONE, applied=applied())
        await world.report(command, seq=1, outcome=Outcome.PROGRESS, applied=applied())
    async with world.superuser.reading() as session:
        types = (await session.execute(text("SELECT type FROM outbox_event ORDER BY id"))).scalars().all()
    assert [kind.split(".")[3] for kind in types] == ["started", "ready"]


async def test_a_terminal_failure_shows_its_reason_and_holds(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    failure = Failure(
        failure_class=FailureClass.TERMINAL, code="image_pull_failed", reason="no such image", cluster_changed=True
    )
    await world.report(command, outcome=Outcome.FAILED, failure=failure)
    row = await world.row("deployment")
    assert (row["status"], row["last_error"], row["failure_class"]) == ("error", "no such image", "terminal")
    assert row["hold_generation"] == row["generation"]


async def test_a_higher_fence_in_the_cluster_raises_the_sequence(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    await world.report(command, outcome=Outcome.FENCE_AHEAD, stored_fence=1000)
    again = await world.running()
    assert again.fence > 1000


async def test_a_template_that_cannot_be_deployed_any_more_ends_its_job(world: World):
    await deploy(world.superuser, world.seeded)
    await world.do(
        "INSERT INTO product_template_version (id, product_id, chart_ref, chart_version)"
        " SELECT '00000000-0000-7000-8000-000000000001', id, 'oci://gone.example.org/a', '1' FROM product"
    )
    await world.do("UPDATE deployment SET desired_template_id = '00000000-0000-7000-8000-000000000001'")
    await world.beat()
    await world.dispatcher.run_once()
    assert await world.pulled() == []
    row = await world.row("deployment")
    assert (row["status"], row["failure_class"]) == ("error", "terminal")
    assert "SLIPWAY_REGISTRIES" in row["last_error"]


async def test_an_unreadable_report_ends_and_the_next_is_applied(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    subject = subjects.report("local", command.deployment)
    await world.broker.publish(subject, b"{", message_id="bad")
    report = Report(
        job=command.job, fence=command.fence, seq=1, deployment=command.deployment, cluster="local", generation=1,
        instance="e1", outcome=Outcome.DONE, applied=applied(),
    )  # fmt: skip
    await world.broker.publish(subject, encode(report), message_id="good")
    await world.projector.run_once()
    assert (await world.row("deployment"))["status"] == "ready"


async def test_a_report_from_another_cluster_is_refused(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    report = Report(
        job=command.job, fence=command.fence, seq=1, deployment=command.deployment, cluster="local", generation=1,
        instance="e1", outcome=Outcome.DONE, applied=applied(),
    )  # fmt: skip
    await world.projector.apply(report, cluster="elsewhere")
    assert (await world.row("deployment"))["status"] == "provisioning"
    assert (await world.row("report_record"))["applied"] is False


async def test_a_hundred_changes_are_one_job_and_the_last_wins(world: World):
    deployment = await deploy(world.superuser, world.seeded)
    await asyncio.gather(*(world.change(deployment) for _ in range(20)))
    await world.change(deployment, JobReason.DELETE)
    row = await world.row("deployment_reconcile_job")
    assert (row["generation"], row["reason"], row["status"]) == (22, "delete", "queued")


async def test_many_jobs_of_one_user_do_not_delay_anothers_one(world: World):
    for number in range(30):
        await deploy(world.superuser, world.seeded, number)
    await world.beat(slots=4)
    await world.dispatcher.run_once()
    for command in await world.pulled():
        await world.claim(command)
    other = await seed(world.superuser, email="other@example.org")
    mine = await deploy(world.superuser, other, 100)
    await world.beat(slots=6)
    async with world.database.writing() as session:
        leased = await leases.lease(session, cluster="local", count=3, dispatcher="d")
    assert mine in [each.deployment for each in leased]
