"""A worker over a broker, Helm and a cluster in memory, with a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from slipway.clock import ManualClock, settle
from slipway.domain.charts import Allowances
from slipway.domain.failures import FailureClass
from slipway.domain.outcomes import Outcome
from slipway.domain.revisions import GoodRevision
from slipway.domain.usage import Usage
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
        self.worker = self.new_worker()

    def new_worker(self) -> Worker:
        """Return the worker of a process that was just started."""
        reconciler = Reconciler(self.cluster, self.helm, self.charts, Keyring(bytes(range(32))), self.clock)
        return Worker(self.broker, self.cluster, reconciler, self.clock, name="local", instance="e1", slots=2)

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
            cluster="local", installation=UUID(int=1), deployment=deployment or new_id(), owner=new_id(), namespace=name, release=name,
            chart=Chart(builtin="web-service"), digest=fields.pop("digest", "d" * 40), **fields,
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
    world.worker = world.new_worker()
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


async def test_a_command_that_comes_twice_to_one_process_runs_once(world: World):
    """Rows 8 and 10: the acknowledgement was lost, and the claim would be answered `run` again."""
    world.helm.gate.clear()
    command = await world.send()
    await world.pull()
    await world.broker.publish(subjects.jobs("local"), encode(command), message_id="the same again")
    await world.pull()
    assert (len(world.claims), world.worker.held, world.helm.calls) == (1, 1, ["apply"])
    world.helm.gate.set()
    assert await world.outcomes() == [Outcome.PROGRESS, Outcome.DONE]


async def test_nothing_is_begun_after_the_order_to_stop(world: World):
    """Row 57."""
    await world.worker.shut_down()
    await world.send()
    await world.pull()
    assert (world.claims, world.helm.calls) == ([], [])
    world.worker = world.new_worker()
    await world.pull()
    assert world.helm.calls == ["apply"], "another process has it"


async def test_a_renewal_whose_answer_was_lost_costs_nothing(world: World):
    deployment = new_id()
    async with held(world.cluster, world.clock, deployment, holder="me", fence=1) as deadline:
        await settle()
        stored = world.cluster.leases[lease_name(deployment)]
        await world.cluster.replace_lease(stored, holder="me", fence=1)  # it was stored, and nobody was told
        for _ in range(4):
            await world.clock.advance(3)
        assert deadline.at > world.clock.monotonic()


BROKEN = {**READY, "status": {"observedGeneration": 1, "replicas": 1}}
GOOD = GoodRevision(revision=1, generation=1, digest="o" * 40)


async def upgraded(world: World, **fields: Any) -> Report:
    """Install, then upgrade to something that never becomes ready; return the last report."""
    first = await world.send()
    await world.pull()
    await world.reports()
    world.cluster.releases["n", "n"][-1] = msgspec.structs.replace(
        world.cluster.releases["n", "n"][-1], digest=GOOD.digest
    )
    world.cluster.set_objects(BROKEN)
    await world.send(fence=2, deployment=first.deployment, health_timeout_sec=10, good=GOOD, **fields)
    await world.pull()
    for _ in range(3):
        await world.clock.advance(10)
        await settle(50)
    return (await world.reports())[-1]


async def test_an_upgrade_that_fails_is_taken_back_and_says_why_it_failed(world: World):
    report = await upgraded(world)
    assert report.failure is not None
    assert report.applied is not None
    assert (report.failure.code, report.failure.failure_class) == ("not_ready", FailureClass.TERMINAL)
    assert (report.rolled_back_to, report.applied.digest) == (1, GOOD.digest)
    assert report.actions[-2:] == ("apply", "roll_back")


async def test_a_template_may_keep_what_failed(world: World):
    report = await upgraded(world, keep_failed=True)
    assert report.failure is not None
    assert (report.rolled_back_to, report.failure.failure_class) == (None, FailureClass.TRANSIENT)


async def test_values_that_remove_everything_wait_for_a_confirmation(world: World):
    """Row H15."""
    first = await world.send()
    await world.pull()
    await world.reports()
    world.cluster.rendered = []
    await world.send(fence=2, deployment=first.deployment, digest="e" * 40)
    await world.pull()
    [refused] = await world.reports()
    assert refused.failure is not None
    assert refused.failure.code == "would_remove_everything"
    await world.send(fence=3, deployment=first.deployment, digest="e" * 40, options=("confirm_empty",))
    await world.pull()
    assert (await world.reports())[-1].outcome is Outcome.DONE


async def test_live_objects_that_differ_are_corrected_without_a_new_revision(world: World):
    first = await world.send()
    await world.pull()
    await world.reports()
    world.cluster.set_objects({**READY, "spec": {"replicas": 5}})
    await world.send(fence=2, deployment=first.deployment, options=("compare",))
    await world.pull()
    report = (await world.reports())[-1]
    assert (report.outcome, report.actions) == (Outcome.DONE, ("correct",))
    assert [(each.kind, each.name) for each in report.corrected] == [("Deployment", "web")]
    assert len(world.cluster.releases["n", "n"]) == 1


async def test_a_restart_marks_the_pods_once_for_a_job(world: World):
    first = await world.send()
    await world.pull()
    await world.send(fence=2, deployment=first.deployment, options=("restart",))
    await world.pull()
    [live] = [each for each in world.cluster.objects if each["kind"] == "Deployment"]
    assert live["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"]


async def test_a_test_that_fails_is_told_and_leaves_it_ready(world: World):
    world.helm.test_failure = terminal("hook_failed", "the check said no")
    await world.send(options=("test",))
    await world.pull()
    done = (await world.reports())[-1]
    assert done.test_failure is not None
    assert (done.outcome, done.tested, done.test_failure.code) == (Outcome.DONE, True, "hook_failed")


async def test_helm_acts_with_the_tenants_rights_and_with_its_own_only_where_an_admin_trusts_the_chart(world: World):
    await world.send()
    await world.pull()
    assert world.helm.users == ["system:serviceaccount:n:slipway-deployer"]
    await world.send(fence=2, name="trusted", allow=Allowances(cluster_scoped=("ClusterRole",)))
    await world.pull()
    assert world.helm.users[-1] is None
    assert "render_server" in world.helm.calls, "its objects are judged before anything is written"


async def test_what_the_objects_ask_for_is_counted_and_limited(world: World):
    await world.send()
    await world.pull()
    assert (await world.reports())[-1].usage == Usage(cpu_milli=0, memory_mib=0)
    world.cluster.rendered = [{**READY, "spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}}]
    await world.send(fence=2, name="big", limits=Usage(cpu_milli=10, memory_mib=100, storage_gib=1))
    await world.pull()
    failed = (await world.reports())[-1]
    assert failed.failure is not None
    assert (failed.failure.code, "50m of CPU where 10m are left" in failed.failure.reason) == ("quota_exceeded", True)
