"""A worker over a broker, Helm and a cluster in memory, with a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from slipway.clock import ManualClock, settle
from slipway.domain.outcomes import Outcome
from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import (
    Action,
    Beat,
    BeatAnswer,
    BeatVerdict,
    Chart,
    Claim,
    ClaimAnswer,
    ClaimVerdict,
    Command,
    JobVerdict,
    Report,
    Sealed,
    encode,
)
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.failing import terminal
from slipway_executor.fence import GONE_SEC, RIGHT_SEC, FenceAhead, held, lease_name
from slipway_executor.helm.memory import MemoryHelm
from slipway_executor.reconcile.loop import Reconciler
from slipway_executor.sealing import Keyring
from slipway_executor.worker import Worker

READY = {
    "kind": "Deployment", "metadata": {"name": "web", "generation": 1}, "spec": {"replicas": 1},
    "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1},
}  # fmt: skip
UNREADY = {**READY, "status": {"observedGeneration": 1}}


class Charts:
    def __init__(self) -> None:
        self.failure: Exception | None = None

    async def path(self, chart: Chart, registries: tuple[Sealed, ...] = ()) -> Path:
        if self.failure:
            raise self.failure
        return Path("chart.tgz")


class World:
    def __init__(self, broker: MemoryBroker) -> None:
        self.broker = broker
        self.cluster = MemoryCluster()
        self.cluster.rendered = [READY]
        self.cluster.objects = [READY]
        self.helm = MemoryHelm(self.cluster)
        self.charts = Charts()
        self.clock = ManualClock()
        self.verdict: ClaimVerdict | None = ClaimVerdict.RUN
        self.claims: list[Claim] = []
        self.beat_verdict = BeatVerdict.OK
        reconciler = Reconciler(self.cluster, self.helm, self.charts, Keyring(bytes(range(32))), self.clock)
        self.worker = Worker(broker, self.cluster, reconciler, self.clock, name="local", instance="e1", slots=2)

    async def claim(self, subject: str, request: bytes) -> bytes | None:
        self.claims.append(msgspec.json.decode(request, type=Claim))
        return encode(ClaimAnswer(verdict=self.verdict)) if self.verdict else None

    async def beat(self, subject: str, request: bytes) -> bytes | None:
        beat = msgspec.json.decode(request, type=Beat)
        verdicts = [JobVerdict(job=each.job, fence=each.fence, verdict=self.beat_verdict) for each in beat.jobs]
        return encode(BeatAnswer(jobs=tuple(verdicts)))

    async def send(self, *, fence: int = 1, deployment: UUID | None = None, name: str = "n", **fields: Any) -> Command:
        command = Command(
            job=new_id(), fence=fence, generation=1, attempt=0, reason="create", action=fields.pop("action", Action.APPLY),
            cluster="local", installation=UUID(int=1), deployment=deployment or new_id(), owner=new_id(), namespace=name, release=name, chart=Chart(builtin="web-service"), digest="d" * 40, **fields,
        )  # fmt: skip
        await self.broker.publish(subjects.jobs("local"), encode(command), message_id=f"{command.job}:{fence}")
        return command

    async def pull(self) -> None:
        await self.worker.pull_once()
        await settle(200)

    async def reports(self) -> list[Report]:
        await settle(100)
        found = await self.broker.fetch(subjects.REPORTS_STREAM, "projector", batch=50, timeout=0.02)
        return [msgspec.json.decode(each.data, type=Report) for each in found]

    async def outcomes(self) -> list[Outcome]:
        return [report.outcome for report in await self.reports()]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    broker = MemoryBroker()
    await broker.ensure_topology(["local"])
    made = World(broker)
    async with (
        broker.respond(subjects.CLAIM_ALL, made.claim, group="s"),
        broker.respond(subjects.BEAT_ALL, made.beat, group="s"),
    ):
        yield made


async def test_a_command_is_claimed_installed_watched_and_reported(world: World):
    await world.send()
    await world.pull()
    progress, done = await world.reports()
    assert (progress.outcome, done.outcome, done.seq) == (Outcome.PROGRESS, Outcome.DONE, 2)
    assert done.applied is not None
    assert (done.applied.generation, done.applied.revision, done.applied.digest) == (1, 1, "d" * 40)
    assert done.actions == ("create_namespace", "prepare", "apply")
    assert world.worker.held == 0
    assert "forget" in world.cluster.calls, "nothing is kept of a namespace that is not watched any more"
    assert {lease.holder for lease in world.cluster.leases.values()} == {""}, "released, the fence kept"
    assert {lease.fence for lease in world.cluster.leases.values()} == {1}


async def test_a_second_run_finds_all_in_sync(world: World):
    first = await world.send()
    await world.pull()
    await world.send(fence=2, deployment=first.deployment)
    await world.pull()
    assert world.helm.calls == ["apply"]
    assert (await world.reports())[-1].outcome is Outcome.DONE


async def test_a_dropped_claim_runs_nothing(world: World):
    world.verdict = ClaimVerdict.DROP
    await world.send()
    await world.pull()
    assert (world.helm.calls, await world.outcomes(), world.worker.held) == ([], [], 0)


async def test_a_claim_without_an_answer_is_asked_again_later(world: World):
    world.verdict = None
    await world.send()
    await world.pull()
    assert (len(world.claims), world.helm.calls) == (1, [])


async def test_a_wrong_digest_touches_nothing(world: World):
    world.charts.failure = terminal("digest_mismatch", "another digest")
    await world.send()
    await world.pull()
    [report] = await world.reports()
    assert report.failure is not None
    assert (report.failure.code, report.failure.cluster_changed) == ("digest_mismatch", False)
    assert world.cluster.calls == []


async def test_helms_failure_is_reported_with_what_the_cluster_holds(world: World):
    world.helm.failure = terminal("values_rejected", "no", changed=True)
    await world.send()
    await world.pull()
    [report] = await world.reports()
    assert report.outcome is Outcome.FAILED
    assert report.failure is not None
    assert (report.failure.code, report.applied) == ("values_rejected", None)


async def test_an_interrupted_install_is_settled_and_finished(world: World):
    world.helm.gate.clear()
    command = await world.send()
    await world.pull()
    world.helm.gate.set()
    world.cluster.releases["n", "n"][-1] = msgspec.structs.replace(world.cluster.releases["n", "n"][-1])
    await world.worker.shut_down()
    records = world.cluster.releases["n", "n"]
    records[-1] = msgspec.structs.replace(records[-1], status="pending-install")
    await world.reports()
    await world.send(fence=2, deployment=command.deployment)
    await world.pull()
    done = (await world.reports())[-1]
    assert (done.outcome, done.actions) == (Outcome.DONE, ("settle_record", "apply", "prune"))


async def test_a_superseded_job_stops_watching_at_once(world: World):
    world.cluster.set_objects(UNREADY)
    await world.send(health_timeout_sec=600)
    await world.pull()
    assert await world.outcomes() == [Outcome.PROGRESS]
    world.beat_verdict = BeatVerdict.SUPERSEDED
    await world.worker.beat_once()
    [stopped] = await world.reports()
    assert stopped.outcome is Outcome.STOPPED
    assert stopped.applied is not None, "the last observation is reported"


async def test_a_fenced_job_ends_without_a_word(world: World):
    world.cluster.set_objects(UNREADY)
    await world.send(health_timeout_sec=600)
    await world.pull()
    await world.reports()
    world.beat_verdict = BeatVerdict.FENCED
    await world.worker.beat_once()
    assert (await world.outcomes(), world.worker.held) == ([], 0)


async def test_a_watched_job_holds_no_slot(world: World):
    world.cluster.set_objects(UNREADY)
    for number in range(4):
        await world.send(health_timeout_sec=600, name=f"n{number}")
    await world.pull()
    await world.pull()
    assert world.worker.held == 4
    await world.worker.shut_down()
    assert (await world.outcomes()).count(Outcome.HANDED_BACK) == 4


async def test_a_job_becomes_ready_when_its_objects_do(world: World):
    world.cluster.set_objects(UNREADY)
    await world.send(health_timeout_sec=600)
    await world.pull()
    await world.reports()
    world.cluster.set_objects(READY)
    assert await world.outcomes() == [Outcome.DONE]


async def test_one_that_never_becomes_ready_fails_at_its_time(world: World):
    world.cluster.set_objects(UNREADY)
    await world.send(health_timeout_sec=30)
    await world.pull()
    for _ in range(4):
        await world.clock.advance(10)
        await settle(50)
    failed = (await world.reports())[-1]
    assert failed.failure is not None
    assert "0 of 1 replicas" in failed.failure.reason


async def test_a_delete_ends_when_the_namespace_is_gone(world: World):
    command = await world.send()
    await world.pull()
    await world.send(fence=2, deployment=command.deployment, action=Action.DELETE)
    await world.pull()
    done = (await world.reports())[-1]
    assert (done.gone, done.actions, world.cluster.namespaces) == (True, ("uninstall", "delete_namespace"), {})


async def test_an_error_inside_one_job_leaves_the_pool_full(world: World):
    world.cluster.failures["release_history"] = RuntimeError("a defect")
    await world.send()
    await world.pull()
    [report] = await world.reports()
    assert report.failure is not None
    assert report.failure.code == "executor_error"
    world.cluster.failures.clear()
    for number in range(4):
        await world.send(fence=10 + number, name=f"n{number}")
    await world.pull()
    await world.pull()
    assert (await world.outcomes()).count(Outcome.DONE) == 4


async def test_an_unreadable_command_ends_and_the_next_one_runs(world: World):
    await world.broker.publish(subjects.jobs("local"), b"{", message_id="bad")
    await world.send()
    await world.pull()
    assert await world.outcomes() == [Outcome.PROGRESS, Outcome.DONE]


async def test_a_report_is_published_until_it_is_stored(world: World):
    world.helm.gate.clear()
    await world.send()
    await world.pull()
    await world.broker.delete_stream(subjects.REPORTS_STREAM)
    world.helm.gate.set()
    await settle(200)
    await world.broker.ensure_topology(["local"])
    for _ in range(3):
        await world.clock.advance(1.0)
        await settle(50)
    assert await world.outcomes() == [Outcome.PROGRESS, Outcome.DONE]


async def test_a_higher_fence_in_the_lease_is_reported(world: World):
    command = await world.send(fence=5)
    await world.cluster.create_lease(lease_name(command.deployment), holder="other", fence=9)
    await world.pull()
    [report] = await world.reports()
    assert (report.outcome, report.stored_fence) == (Outcome.FENCE_AHEAD, 9)
    assert world.helm.calls == []


async def test_a_lease_of_a_living_holder_is_waited_for(world: World):
    deployment = new_id()
    lease = await world.cluster.create_lease(lease_name(deployment), holder="other", fence=1)

    async def take() -> None:
        async with held(world.cluster, world.clock, deployment, holder="me", fence=2):
            pass

    taking = asyncio.create_task(take())
    for _ in range(40):
        await world.clock.advance(1)
        lease = await world.cluster.replace_lease(lease, holder="other", fence=1)
    assert not taking.done(), "it renews: its clock is not compared"
    for _ in range(int(GONE_SEC) + 2):
        await world.clock.advance(1)
    await asyncio.wait_for(taking, 5)
    assert world.cluster.leases[lease_name(deployment)].fence == 2


async def test_the_right_to_write_ends_when_renewals_do_not_succeed(world: World):
    deployment = new_id()
    async with held(world.cluster, world.clock, deployment, holder="me", fence=1) as deadline:
        assert deadline.at == world.clock.monotonic() + RIGHT_SEC
        await settle()
        await world.clock.advance(4)
        renewed = deadline.at
        assert renewed > world.clock.monotonic() + 8
        stolen = world.cluster.leases[lease_name(deployment)]
        await world.cluster.replace_lease(stolen, holder="successor", fence=2)
        await world.clock.advance(30)
        assert deadline.at == renewed, "nothing extends it any more"
    assert world.cluster.leases[lease_name(deployment)].holder == "successor"


async def test_an_equal_fence_in_other_hands_is_refused(world: World):
    deployment = new_id()
    await world.cluster.create_lease(lease_name(deployment), holder="other", fence=3)
    with pytest.raises(FenceAhead):
        async with held(world.cluster, world.clock, deployment, holder="me", fence=3):
            pass
