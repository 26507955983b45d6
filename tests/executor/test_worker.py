"""What a worker makes of a command, from its claim to its last report."""

import asyncio

import msgspec

from slipway.clock import settle
from slipway.domain.failures import FailureClass
from slipway.domain.outcomes import Outcome
from slipway.domain.values import unstorable
from slipway.messaging import subjects
from slipway.messaging.messages import (
    BeatVerdict,
    ClaimVerdict,
    encode,
)
from slipway_executor.claiming import TRIES
from slipway_executor.failing import terminal
from slipway_executor.fence import lease_name
from tests.executor.world import READY, UNREADY, World
from tests.support.told import metric


async def test_a_command_is_claimed_installed_watched_and_reported(world: World):
    world.cluster.set_objects(UNREADY)
    await world.send()
    await world.pull()
    [progress] = await world.reports()
    world.cluster.set_objects(READY)
    await settle()
    [done] = await world.reports()
    assert (progress.outcome, done.outcome, done.seq) == (Outcome.PROGRESS, Outcome.DONE, 2)
    assert done.applied is not None
    assert (done.applied.generation, done.applied.revision, done.applied.digest) == (1, 1, "d" * 40)
    assert done.actions == ("create_namespace", "prepare", "apply")
    assert world.worker.held == 0
    assert "ended" in world.cluster.calls, "nothing is kept of a namespace that is not watched any more"
    assert {lease.holder for lease in world.cluster.leases.values()} == {""}, "released, the fence kept"
    assert {lease.fence for lease in world.cluster.leases.values()} == {1}


async def test_what_is_ready_at_the_first_look_is_reported_once(world: World):
    await world.send()
    await world.pull()
    [done] = await world.reports()
    assert (done.outcome, done.seq) == (Outcome.DONE, 1)
    assert done.applied is not None


async def test_a_dropped_claim_runs_nothing(world: World):
    world.verdict = ClaimVerdict.DROP
    await world.send()
    await world.pull()
    assert (world.helm.calls, await world.outcomes(), world.worker.held) == ([], [], 0)


async def test_claims_are_counted_by_what_was_answered(world: World):
    def counted() -> list[float]:
        return [metric("slipway_executor_claims_total", verdict=each) for each in ("run", "drop", "unanswered")]

    before = counted()
    for verdict in (ClaimVerdict.RUN, ClaimVerdict.DROP, ClaimVerdict.DROP, None):
        world.verdict = verdict
        await world.send()
        await world.pull()
    assert [after - earlier for after, earlier in zip(counted(), before, strict=True)] == [1, 2, 1]


async def test_a_claim_without_an_answer_is_asked_again_later(world: World):
    world.verdict = None
    await world.send()
    await world.pull()
    assert (len(world.claims), world.helm.calls) == (TRIES, [])


async def test_a_claim_whose_answer_was_lost_is_asked_for_again_by_the_same_process(world: World):
    """Row 8: it was granted; another process, to whom the command would go, is refused, and nobody would run it."""
    world.unheard = 1
    await world.send()
    await world.pull()
    assert (len(world.claims), await world.outcomes()) == (2, [Outcome.DONE])


async def test_a_wrong_digest_touches_nothing(world: World):
    world.charts.failure = terminal("digest_mismatch", "another digest")
    await world.send()
    await world.pull()
    [report] = await world.reports()
    assert report.failure is not None
    assert (report.failure.code, report.failure.cluster_changed) == ("digest_mismatch", False)
    assert world.cluster.calls == []


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


async def test_a_job_that_waits_for_its_chart_or_its_lease_stops_at_once(world: World):
    command = await world.send()
    await world.cluster.create_lease(lease_name(command.deployment), holder="other", fence=0)
    world.charts.gate.clear()
    await world.pull()
    world.beat_verdict = BeatVerdict.SUPERSEDED
    await world.worker.beat_once()
    assert await world.outcomes() == [Outcome.STOPPED], "nothing was fetched yet"
    world.charts.gate.set()
    await world.send(fence=2, deployment=command.deployment)
    await world.pull()
    await world.worker.beat_once()
    assert await world.outcomes() == [Outcome.STOPPED], "another has the Lease still"
    assert world.cluster.namespaces == {}


async def test_a_fenced_job_ends_without_a_word(world: World):
    world.cluster.set_objects(UNREADY)
    await world.send(health_timeout_sec=600)
    await world.pull()
    await world.reports()
    before = metric("slipway_executor_jobs_fenced_total")
    world.beat_verdict = BeatVerdict.FENCED
    await world.worker.beat_once()
    assert (await world.outcomes(), world.worker.held) == ([], 0)
    assert metric("slipway_executor_jobs_fenced_total") == before + 1


async def test_any_number_of_hints_is_met_by_two_beats_a_second(world: World):
    """A scheduler hints with each pass while a job is to stop; each beat is a transaction."""
    stop, beating = asyncio.Event(), world.worker.beats(every_sec=5.0)
    running = asyncio.create_task(beating.run(stop))
    for _ in range(20):
        await settle()
        beating.wake()
    assert world.beats == 1
    await world.clock.advance(0.5)
    await settle(50)
    assert world.beats == 2
    stop.set()
    await running


async def test_a_fenced_job_takes_no_lease_later(world: World):
    """Row 7: while it waited for the Lease, its fence went to another one."""
    command = await world.send()
    lease = await world.cluster.create_lease(lease_name(command.deployment), holder="other", fence=0)
    await world.pull()
    world.beat_verdict = BeatVerdict.FENCED
    await world.worker.beat_once()
    await settle(50)
    assert world.worker.held == 0
    await world.cluster.replace_lease(lease, holder="", fence=0)
    for _ in range(4):
        await world.clock.advance(1)
        await settle(20)
    assert world.cluster.leases[lease.name].holder == ""


async def test_a_lease_that_somebody_keeps_is_not_waited_for_for_ever(world: World):
    """Row 7: an executor that hears of no scheduler goes on with its job; this one gives its slot back and comes again."""
    command = await world.send()
    lease = await world.cluster.create_lease(lease_name(command.deployment), holder="other", fence=0)
    await world.pull()
    while not (reports := await world.reports()):
        await world.clock.advance(10)
        lease = await world.cluster.replace_lease(lease, holder="other", fence=0)
    assert reports[0].failure is not None
    assert (reports[0].failure.code, reports[0].failure.failure_class) == ("lease_held", FailureClass.TRANSIENT)
    assert (world.worker.held, world.cluster.namespaces) == (0, {})


async def test_a_watched_job_holds_no_slot(world: World):
    world.cluster.set_objects(UNREADY)
    for number in range(4):
        await world.send(health_timeout_sec=600, name=f"n{number}")
    await world.pull()
    await world.pull()
    assert world.worker.held == 4
    await world.worker.shut_down()
    assert (await world.outcomes()).count(Outcome.HANDED_BACK) == 4


async def test_what_a_container_says_reaches_the_tables(world: World):
    """Row 35: a tenant's container may say anything in its last words, also what no column of text holds."""
    last = {"terminated": {"exitCode": 1, "message": "a\0b\ud800c"}}
    container = {"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": last}
    pod = {"kind": "Pod", "metadata": {"name": "p"}, "status": {"containerStatuses": [container]}}
    world.cluster.set_objects(UNREADY, pod)
    await world.send(health_timeout_sec=1)
    await world.pull()
    await world.clock.advance(2)
    failed = (await world.reports())[-1]
    assert failed.failure is not None
    assert failed.failure.reason.endswith(
        "(exit code 1, 0 restarts: a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c)"
    )
    assert not list(unstorable(msgspec.to_builtins(failed)))


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
    assert await world.outcomes() == [Outcome.DONE]


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
    assert await world.outcomes() == [Outcome.DONE]


async def test_a_report_that_is_too_large_is_told_in_short(world: World):
    world.helm.failure = terminal("values_rejected", "no " * 4 * 2**20)
    await world.send()
    await world.pull()
    [report] = await world.reports()
    assert report.failure is not None
    assert (report.failure.code, len(report.failure.reason)) == ("values_rejected", 1000)


async def test_a_higher_fence_in_the_lease_is_reported(world: World):
    command = await world.send(fence=5)
    await world.cluster.create_lease(lease_name(command.deployment), holder="other", fence=9)
    await world.pull()
    [report] = await world.reports()
    assert (report.outcome, report.stored_fence) == (Outcome.FENCE_AHEAD, 9)
    assert world.helm.calls == []


async def test_a_command_that_comes_twice_to_one_process_runs_once(world: World):
    """Rows 8 and 10: the acknowledgement was lost, and the claim would be answered `run` again."""
    world.helm.gate.clear()
    command = await world.send()
    await world.pull()
    await world.broker.publish(subjects.jobs("local"), encode(command), message_id="the same again")
    await world.pull()
    assert (len(world.claims), world.worker.held, world.helm.calls.count("apply")) == (1, 1, 1)
    world.helm.gate.set()
    assert await world.outcomes() == [Outcome.DONE]


async def test_nothing_is_begun_after_the_order_to_stop(world: World):
    """Row 57."""
    await world.worker.shut_down()
    await world.send()
    await world.pull()
    assert (world.claims, world.helm.calls) == ([], [])
    world.worker = world.new_worker()
    await world.pull()
    assert world.helm.calls.count("apply") == 1, "another process has it"
