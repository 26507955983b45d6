"""What a job makes of its release, as its reports tell."""

import base64
from typing import Any

import msgspec
import pytest

from slipway.clock import settle
from slipway.domain.charts import Allowances
from slipway.domain.failures import FailureClass
from slipway.domain.outcomes import Outcome
from slipway.domain.revisions import GoodRevision
from slipway.domain.usage import Usage
from slipway.messaging.messages import (
    Action,
    Report,
    Sealed,
)
from slipway_executor.cluster.users import TRUSTED
from slipway_executor.failing import OperationFailed, terminal, transient
from slipway_executor.helm.port import Rendered
from slipway_executor.reconcile.marks import marked
from slipway_executor.sealing import Keyring
from tests.executor.world import BOX, READY, UNREADY, World


async def test_a_service_is_waited_for_when_it_gets_a_balancer(world: World):
    balanced = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "b"}, "spec": {"type": "LoadBalancer"}}
    plain = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "p"}, "spec": {}}
    world.cluster.rendered = [READY, balanced, plain]
    await world.send()
    await world.pull()
    assert await world.outcomes() == [Outcome.PROGRESS]
    world.cluster.set_objects(READY, {**balanced, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}})
    await settle()
    assert await world.outcomes() == [Outcome.DONE], "the other one need not even be looked at"


async def test_a_second_run_finds_all_in_sync(world: World):
    first = await world.send()
    await world.pull()
    await world.send(fence=2, deployment=first.deployment)
    await world.pull()
    assert world.helm.calls.count("apply") == 1
    assert (await world.reports())[-1].outcome is Outcome.DONE


async def test_a_built_in_chart_that_changed_is_applied_again(world: World):
    first = await world.send()
    await world.pull()
    for fence, content, applied in ((2, "a", 2), (3, "a", 2), (4, "b", 3)):
        world.charts.built_in = content
        await world.send(fence=fence, deployment=first.deployment)
        await world.pull()
        assert world.helm.calls.count("apply") == applied
        assert (await world.reports())[-1].outcome is Outcome.DONE


async def test_what_a_preview_promised_is_what_runs(world: World):
    mark = marked(Keyring(bytes(range(32))).mark, Rendered(objects=(READY,)))
    await world.send(promised=mark)
    await world.pull()
    assert (await world.outcomes())[-1] is Outcome.DONE


async def test_a_chart_that_renders_something_else_than_the_preview_showed_writes_nothing(world: World):
    first = await world.send()
    await world.pull()
    await world.reports()
    world.cluster.rendered = [UNREADY]
    mark = marked(Keyring(bytes(range(32))).mark, Rendered(objects=(READY,)))
    await world.send(fence=2, deployment=first.deployment, digest="e" * 40, promised=mark)
    await world.pull()
    [report] = await world.reports()
    assert report.failure is not None
    assert (report.failure.code, report.failure.failure_class) == ("preview_outdated", FailureClass.TERMINAL)
    assert not report.failure.cluster_changed, "a refusal counts against no budget"
    assert world.helm.calls.count("apply") == 1


@pytest.mark.parametrize(
    ("code", "counted"), [("helm_failed", True), ("render_too_slow", True), ("cluster_unreachable", False)]
)
async def test_a_check_that_fails_counts_when_it_may_be_the_charts_fault(world: World, code: str, counted: bool):
    world.helm.render_failure = transient(code, "no")
    await world.send(promised="what the server rendered")
    await world.pull()
    [report] = await world.reports()
    assert report.failure is not None
    assert (report.failure.code, report.failure.counted, report.failure.cluster_changed) == (code, counted, False)


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
    secret = Sealed(name="/password", ciphertext=base64.b64encode(BOX.encrypt(b"hunter22")).decode())
    world.helm.test_failure = terminal("hook_failed", "the check said no to hunter22")
    await world.send(options=("test",), secrets=(secret,))
    await world.pull()
    done = (await world.reports())[-1]
    assert done.test_failure is not None
    assert (done.outcome, done.tested, done.test_failure.code) == (Outcome.DONE, True, "hook_failed")
    assert done.test_failure.reason == "the check said no to (hidden)"


async def test_a_test_that_fails_is_told_by_its_pods_though_they_are_removed(world: World):
    ended = {"name": "main", "state": {"terminated": {"exitCode": 3, "message": "no answer with hunter22"}}}
    pod = {"kind": "Pod", "metadata": {"name": "check"}, "status": {"containerStatuses": [ended]}}
    world.helm.test_failure = OperationFailed(terminal("hook_failed", "a hook failed").failure, [pod])
    secret = Sealed(name="/password", ciphertext=base64.b64encode(BOX.encrypt(b"hunter22")).decode())
    await world.send(options=("test",), secrets=(secret,))
    await world.pull()
    done = (await world.reports())[-1]
    assert done.test_failure is not None
    words = "a hook failed: pod check: container main ended with exit code 3: no answer with (hidden)"
    assert done.test_failure.reason == words


async def test_helm_acts_with_the_tenants_rights_and_with_its_own_only_where_an_admin_trusts_the_chart(world: World):
    await world.send()
    await world.pull()
    assert set(world.helm.users) == {"system:serviceaccount:n:slipway-deployer"}
    await world.send(fence=2, name="trusted", allow=Allowances(cluster_scoped=("ClusterRole",)))
    await world.pull()
    assert world.helm.users[-1] == TRUSTED
    assert "render_server" in world.helm.calls, "its objects are judged before anything is written"


async def test_a_kind_without_a_namespace_or_that_nobody_knows_is_refused_unless_it_is_allowed(world: World):
    for fence, kind, code in ((1, "Namespace", "not_allowed"), (2, "Boat", "unknown_kind"), (3, "ClusterRole", None)):
        world.cluster.unknown = {"Boat"}
        world.cluster.rendered = [{"apiVersion": "v1", "kind": kind, "metadata": {"name": "one"}}]
        await world.send(fence=fence, name=f"n{fence}", allow=Allowances(cluster_scoped=("ClusterRole",)))
        await world.pull()
        last = (await world.reports())[-1]
        assert (last.failure.code if last.failure else None) == code


async def test_what_the_objects_ask_for_is_reserved_before_the_first_write(world: World):
    world.cluster.rendered = [{**READY, "spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}}]
    await world.send()
    await world.pull()
    assert [world.reserved[-1], (await world.reports())[-1].usage] == [Usage(cpu_milli=50, memory_mib=64)] * 2
    world.beyond = terminal("quota_exceeded", "50m of CPU where 10m are left")
    await world.send(fence=2, name="big")
    await world.pull()
    failed = (await world.reports())[-1]
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.cluster_changed) == ("quota_exceeded", False)
    assert ("n", "big") not in world.cluster.releases
    assert world.helm.calls.count("apply") == 1


async def test_what_failed_revisions_left_is_removed_even_when_the_executor_died_after_the_apply(world: World):
    first = await world.send()
    await world.pull()
    await world.reports()
    deployed = world.cluster.releases["n", "n"][-1]
    failed = msgspec.structs.replace(deployed, status="failed")
    world.cluster.releases["n", "n"] = [failed, msgspec.structs.replace(deployed, revision=2)]
    await world.send(fence=2, deployment=first.deployment)
    await world.pull()
    [report] = [each for each in await world.reports() if each.outcome is Outcome.DONE]
    assert report.actions == ("prune",)
    assert [each.revision for each in world.cluster.releases["n", "n"]] == [2]
