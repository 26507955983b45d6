"""What schedulers measure and count is what is there, and a job stays in the trace of its newest wish."""

import time

import pytest

from slipway.database.engine import Database
from slipway.database.queries import outbox
from slipway.domain.events import Actor, EventType
from slipway.domain.failures import Failure, FailureClass
from slipway.domain.jobs import JobReason
from slipway.domain.outcomes import Outcome
from slipway.messaging.broker import BrokerError
from slipway.messaging.jetstream import JetStreamBroker
from slipway.telemetry import tracing
from slipway_scheduler.measuring import Measuring
from slipway_scheduler.relay import Relay
from slipway_scheduler.topology import NoStreams, Topology
from tests.scheduler.world import World, applied
from tests.support.rows import deploy
from tests.support.told import metric, recording

FIRST = "00-00000000000000000000000000000001-000000000000000a-01"
SECOND = "00-00000000000000000000000000000002-000000000000000b-01"


async def measured(world: World) -> Measuring:
    measuring = Measuring(world.database, Relay(world.database, world.broker))
    await measuring.run_once()
    return measuring


async def test_jobs_are_counted_by_state_with_the_age_of_the_oldest(world: World):
    began = time.time()
    await deploy(world.superuser, world.seeded, 1)
    await world.running()
    for number in (2, 3):
        await deploy(world.superuser, world.seeded, number)
    held = await deploy(world.superuser, world.seeded, 4, suspended=True)
    await world.do(
        "UPDATE deployment_reconcile_job SET run_after = now() - interval '1 day', queued_at = now() - interval '1 hour' WHERE status = 'queued'"
    )
    await measured(world)
    counts = {
        state: metric("slipway_jobs", state=state) for state in ("queued", "held", "delayed", "leased", "running")
    }
    assert counts == {"queued": 2, "held": 1, "delayed": 0, "leased": 0, "running": 1}
    assert 3600 <= metric("slipway_job_oldest_age_seconds", state="queued") < 7200
    assert metric("slipway_queue_measured_timestamp_seconds") >= began
    await world.do(f"UPDATE deployment SET suspended = false WHERE id = '{held}'")
    await measured(world)
    assert (metric("slipway_jobs", state="queued"), metric("slipway_jobs", state="held")) == (3, 0)


async def test_executors_are_counted_by_cluster_and_a_forgotten_cluster_shows_none(world: World):
    measuring = await measured(world)
    assert metric("slipway_cluster_executors", cluster="local") == 0
    await world.beat(instance="e1", slots=3)
    await world.beat(instance="e2", slots=4)
    await measuring.run_once()
    assert (metric("slipway_cluster_executors", cluster="local"), metric("slipway_cluster_slots", cluster="local")) == (
        2,
        7,
    )
    await world.do("UPDATE executor SET seen_at = now() - interval '16 seconds'")
    await world.do("UPDATE cluster SET deleted_at = now()")
    await measuring.run_once()
    assert (metric("slipway_cluster_executors", cluster="local"), metric("slipway_cluster_slots", cluster="local")) == (
        0,
        0,
    )


async def test_events_that_wait_are_counted_from_where_the_stream_ends(
    database: Database, scheduler_database: Database, broker: JetStreamBroker
):
    relay = Relay(scheduler_database, broker)
    measuring = Measuring(scheduler_database, relay)
    await measuring.run_once()
    assert relay.position is None, "nothing is known before the stream was read"

    async def write() -> None:
        async with database.writing() as session:
            await outbox.record(
                session, EventType.PRODUCT_CREATED, actor=Actor(kind="system", id="t"), data={}, subject="p"
            )

    await write()
    await relay.run_once()
    await measuring.run_once()
    assert (metric("slipway_events_waiting"), metric("slipway_event_lag_seconds")) == (0, 0)
    await write()
    await write()
    await measuring.run_once()
    assert metric("slipway_events_waiting") == 2
    assert metric("slipway_event_lag_seconds") > 0
    await relay.run_once()
    await measuring.run_once()
    assert metric("slipway_events_waiting") == 0


async def test_tries_ends_and_leases_are_counted(world: World):
    names = {
        "failed": ("slipway_job_attempts_total", {"outcome": "failed", "failure_class": "transient"}),
        "done": ("slipway_job_attempts_total", {"outcome": "done", "failure_class": ""}),
        "ended": ("slipway_jobs_ended_total", {"status": "succeeded"}),
        "stages": ("slipway_job_stage_seconds_count", {"stage": "claim_to_end"}),
        "leases": ("slipway_job_leases_total", {"cluster": "local"}),
        "applied": ("slipway_reports_total", {"result": "applied"}),
        "ignored": ("slipway_reports_total", {"result": "ignored"}),
        "silent": ("slipway_job_leases_expired_total", {"kind": "silent"}),
        "unclaimed": ("slipway_job_leases_expired_total", {"kind": "unclaimed"}),
    }

    def now() -> dict[str, float]:
        return {name: metric(series, **labels) for name, (series, labels) in names.items()}

    before = now()
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    failure = Failure(failure_class=FailureClass.TRANSIENT, code="x", reason="x", cluster_changed=True)
    await world.report(command, outcome=Outcome.FAILED, failure=failure)
    await world.report(command, outcome=Outcome.FAILED, failure=failure)
    await world.do("UPDATE deployment_reconcile_job SET run_after = now()")
    await world.running()
    await world.do("UPDATE job_lease SET beat_at = now() - interval '31 seconds'")
    await world.trusted()
    await world.do("UPDATE deployment_reconcile_job SET run_after = now()")
    await world.beat()
    await world.dispatcher.run_once()
    await world.do("UPDATE deployment_reconcile_job SET locked_at = now() - interval '31 seconds'")
    await world.trusted()
    await world.pulled()
    command = await world.running()
    await world.report(command, outcome=Outcome.DONE, applied=applied())
    counted = {name: after - before[name] for name, after in now().items()}
    assert counted == {
        "failed": 1, "done": 1, "ended": 1, "stages": 1, "leases": 4, "applied": 2, "ignored": 1, "silent": 1, "unclaimed": 1,
    }  # fmt: skip


async def test_a_waiting_job_goes_on_in_the_trace_of_the_newest_wish(world: World):
    with recording() as recorder:
        with tracing.span("first request", parent=FIRST):
            deployment = await deploy(world.superuser, world.seeded)
        with tracing.span("second request", parent=SECOND):
            await world.change(deployment)
        await world.change(deployment, JobReason.UPDATE)  # outside of any trace: it takes none away
        command = await world.running()
        await world.report(command, outcome=Outcome.DONE, applied=applied(3))
        dispatch, second = recorder.named("job dispatch"), recorder.named("second request")
    assert command.traceparent == dispatch.place.traceparent
    assert dispatch.parent == second.place
    told = recorder.named("first request").attributes
    assert told == second.attributes == {"slipway.deployment": str(deployment), "slipway.job": str(command.job)}


async def test_streams_are_a_dependency(scheduler_database: Database, world: World, monkeypatch: pytest.MonkeyPatch):
    topology = Topology(scheduler_database, world.broker)
    with pytest.raises(NoStreams):
        await topology.check()
    await topology.run_once()
    await topology.check()

    async def refuse(clusters: object) -> None:
        raise BrokerError("no space left")

    monkeypatch.setattr(world.broker, "ensure_topology", refuse)
    with pytest.raises(BrokerError):
        await topology.run_once()
    with pytest.raises(NoStreams):
        await topology.check()
