"""States, steps, readiness and reasons: tables without any server."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from slipway.domain.failures import Failure, FailureClass
from slipway.domain.revisions import Drifted, GoodRevision
from slipway_executor.cluster.port import Namespace, ReleaseRecord
from slipway_executor.helm import output
from slipway_executor.reconcile.decide import TO_APPLY, TO_DELETE, Pass, Step, decide, goes_back
from slipway_executor.reconcile.readiness import unready
from slipway_executor.reconcile.reason import not_ready
from slipway_executor.reconcile.state import Classified, Observed, State, Wanted, classify

INSTALLATION, DEPLOYMENT = UUID(int=1), UUID(int=2)
WANTED = Wanted(installation=INSTALLATION, deployment=DEPLOYMENT, digest="new", tenant="rules")


def namespace(**fields: Any) -> Namespace:
    full: dict[str, Any] = {
        "name": "n", "uid": "u", "installation": str(INSTALLATION), "deployment": str(DEPLOYMENT),
        "tenant": "rules", **fields,
    }  # fmt: skip
    return Namespace(**full)


def record(status: str, digest: str = "new", revision: int = 1) -> ReleaseRecord:
    return ReleaseRecord(revision=revision, status=status, digest=digest, generation=1)


OLD_RULES = "rules of last year"
UNCLAIMED = {"installation": None, "deployment": None}
BY_HAND = ReleaseRecord(revision=1, status="failed")
DRIFT = (Drifted(kind="Deployment", name="web", fields=("/spec/replicas",)),)

STATES: list[tuple[State, Namespace | None, tuple[ReleaseRecord, ...], dict[str, Any]]] = [
    (State.GONE, None, (), {}),
    (State.GONE, namespace(**UNCLAIMED, left_by=str(DEPLOYMENT)), (), {"deleting": True}),
    (State.FOREIGN, namespace(**UNCLAIMED, left_by=str(DEPLOYMENT)), (), {}),
    (State.FOREIGN, namespace(**UNCLAIMED), (), {}),
    (State.FOREIGN, namespace(deployment=str(UUID(int=3))), (), {}),
    (State.FOREIGN, namespace(deployment=str(UUID(int=3))), (), {"adopting": True}),
    (State.FOREIGN, namespace(installation=str(UUID(int=9)), terminating=True), (record("deployed"),), {}),
    (State.ADOPTABLE, namespace(**UNCLAIMED), (record("deployed", "none"),), {"adopting": True}),
    (State.TERMINATING, namespace(terminating=True), (record("deployed"),), {}),
    (State.UNPREPARED, namespace(tenant=None), (), {}),
    (State.UNPREPARED, namespace(tenant=OLD_RULES), (record("deployed"),), {}),
    (State.IN_SYNC, namespace(tenant=OLD_RULES), (record("deployed"),), {"deleting": True}),
    (State.UNPREPARED, namespace(tenant=None), (record("deployed"),), {"deleting": True}),
    (State.ABSENT, namespace(), (), {}),
    (State.ABSENT, namespace(), (record("uninstalled"),), {}),
    (State.PENDING, namespace(), (record("pending-install"),), {}),
    (State.PENDING, namespace(), (record("deployed"), record("pending-upgrade", revision=2)), {}),
    (State.PENDING, namespace(), (record("superseded"), record("pending-rollback", revision=2)), {}),
    (State.UNINSTALLING, namespace(), (record("uninstalling"),), {}),
    (State.FAILED_INSTALL, namespace(), (record("failed"),), {}),
    (State.FAILED_INSTALL, namespace(), (record("failed"), record("failed", revision=2)), {}),
    (State.FAILED_UPGRADE, namespace(), (record("deployed", "old"), record("failed", revision=2)), {}),
    (State.OUT_OF_SYNC, namespace(), (record("deployed", "old"),), {}),
    (State.OUT_OF_SYNC, namespace(), (record("deployed", "old"),), {"drift": DRIFT}),
    (State.UNTIDY, namespace(), (record("failed"), record("deployed", revision=2)), {}),
    (State.IN_SYNC, namespace(), (record("failed"), record("deployed", revision=2)), {"deleting": True}),
    (State.IN_SYNC, namespace(), (BY_HAND, record("deployed", revision=2)), {}),
    (State.DRIFTED, namespace(), (record("deployed"),), {"drift": DRIFT}),
    (State.IN_SYNC, namespace(), (record("superseded", "old"), record("deployed", revision=2)), {}),
]


@pytest.mark.parametrize(("state", "found", "history", "more"), STATES)
def test_classified(state: State, found: Namespace | None, history: tuple[ReleaseRecord, ...], more: dict[str, Any]):
    seen = {name: more[name] for name in ("drift",) if name in more}
    asked = {name: more[name] for name in ("deleting", "adopting") if name in more}
    wanted = msgspec.structs.replace(WANTED, **asked)
    assert classify(Observed(namespace=found, history=history, **seen), wanted).state is state


def test_every_state_is_met_by_the_table():
    assert {state for state, *_ in STATES} == set(State)


def step(
    state: State, *, deleting: bool, done: tuple[Step, ...] = (), adopted: bool = False, ever_applied: bool = True
) -> Step | Failure:
    found = Classified(state=state, reason="because", adopted=adopted)
    return decide(found, Pass(deleting=deleting, done=done, changed=True, ever_applied=ever_applied))


def test_a_release_that_was_once_deployed_is_never_uninstalled_to_repair_it():
    for state in State:
        assert step(state, deleting=False) is not Step.UNINSTALL


def test_an_adopted_namespace_is_given_back_and_not_deleted():
    assert step(State.ABSENT, deleting=True, adopted=True) is Step.LEAVE_NAMESPACE


def test_a_deployment_that_never_came_to_be_is_deleted_without_touching_what_is_not_its_own():
    assert step(State.FOREIGN, deleting=True, ever_applied=False) is Step.FINISH


HISTORY = (record("superseded", "good", 4), record("deployed", "new", 5))
GOOD = GoodRevision(revision=4, generation=2, digest="good")


@pytest.mark.parametrize(
    ("code", "kind", "more", "back"),
    [
        ("image_pull_failed", FailureClass.TERMINAL, {}, True),
        ("not_ready", FailureClass.TRANSIENT, {}, True),
        ("cluster_unreachable", FailureClass.TRANSIENT, {}, False),
        ("cluster_unreachable", FailureClass.TRANSIENT, {"last_attempt": True}, True),
        ("image_pull_failed", FailureClass.TERMINAL, {"keep": True}, False),
        ("image_pull_failed", FailureClass.TERMINAL, {"good": None}, False),
        ("image_pull_failed", FailureClass.TERMINAL, {"history": HISTORY[:1]}, False),
        ("image_pull_failed", FailureClass.TERMINAL, {"history": HISTORY[1:]}, False),
        ("image_pull_failed", FailureClass.TERMINAL, {"history": ()}, False),
        ("cancelled", FailureClass.CANCELLED, {}, False),
    ],
)
def test_when_a_failed_upgrade_goes_back(code: str, kind: FailureClass, more: dict[str, Any], back: bool):
    failure = Failure(failure_class=kind, code=code, reason="because")
    given: dict[str, Any] = {"good": GOOD, "history": HISTORY, "keep": False, "last_attempt": False, **more}
    assert goes_back(failure, given.pop("good"), given.pop("history"), **given) is back


@pytest.mark.parametrize("deleting", [False, True])
def test_a_foreign_namespace_is_never_touched(deleting: bool):
    failure = step(State.FOREIGN, deleting=deleting)
    assert isinstance(failure, Failure)
    assert failure.failure_class is FailureClass.NEEDS_PERSON


def test_nothing_is_created_in_a_namespace_that_is_going():
    failure = step(State.TERMINATING, deleting=False)
    assert isinstance(failure, Failure)
    assert (failure.failure_class, failure.cluster_changed) == (FailureClass.TRANSIENT, False)


@pytest.mark.parametrize("deleting", [False, True])
@pytest.mark.parametrize("state", [state for state in State if state in TO_APPLY and state in TO_DELETE])
def test_no_action_is_taken_twice_in_a_pass(state: State, deleting: bool):
    first = step(state, deleting=deleting)
    if isinstance(first, Step):
        assert isinstance(step(state, deleting=deleting, done=(first,)), Failure)


def deployment(**status: Any) -> dict[str, Any]:
    full = {
        "observedGeneration": 2,
        "replicas": 2,
        "updatedReplicas": 2,
        "availableReplicas": 2,
        "readyReplicas": 2,
        **status,
    }
    return {"kind": "Deployment", "metadata": {"name": "d", "generation": 2}, "spec": {"replicas": 2}, "status": full}


READINESS: list[tuple[dict[str, Any], str | None]] = [
    (deployment(), None),
    (deployment(observedGeneration=1), "not yet seen"),
    (deployment(updatedReplicas=1), "1 of 2 replicas updated"),
    (deployment(readyReplicas=0), "0 of 2 replicas ready"),
    (deployment(replicas=3), "old replicas"),
    ({"kind": "Deployment", "metadata": {"name": "d"}, "spec": {}, "status": {}}, "not yet seen"),
    (
        {
            "kind": "Job",
            "metadata": {"name": "d"},
            "spec": {},
            "status": {"conditions": [{"type": "Complete", "status": "True"}]},
        },
        None,
    ),
    (
        {
            "kind": "Job",
            "metadata": {"name": "d"},
            "spec": {},
            "status": {"conditions": [{"type": "Failed", "status": "True", "message": "m"}]},
        },
        "failed: m",
    ),
    ({"kind": "Job", "metadata": {"name": "d"}, "spec": {}, "status": {}}, "not completed"),
    ({"kind": "Pod", "metadata": {"name": "d"}, "status": {"phase": "Pending"}}, "Pending"),
    ({"kind": "Pod", "metadata": {"name": "d"}, "status": {"phase": "Succeeded"}}, None),
    ({"kind": "PersistentVolumeClaim", "metadata": {"name": "d"}, "status": {"phase": "Bound"}}, None),
    ({"kind": "Certificate", "metadata": {"name": "d"}}, None),
    (
        {
            "kind": "Certificate",
            "metadata": {"name": "d"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        },
        None,
    ),
    (
        {
            "kind": "Certificate",
            "metadata": {"name": "d"},
            "status": {"conditions": [{"type": "Ready", "status": "False", "message": "no issuer"}]},
        },
        "is not ready: no issuer",
    ),
    (
        {
            "kind": "Certificate",
            "metadata": {"name": "d"},
            "status": {"conditions": [{"type": "Stalled", "status": "True", "reason": "Gone"}]},
        },
        "is stalled: Gone",
    ),
    (
        {"kind": "Certificate", "metadata": {"name": "d", "generation": 2}, "status": {"observedGeneration": 1}},
        "seen by its controller",
    ),
    ({"kind": "PersistentVolumeClaim", "metadata": {"name": "d"}, "status": {"phase": "Pending"}}, "Pending"),
    ({"kind": "Service", "metadata": {"name": "d"}, "spec": {"type": "ClusterIP"}}, None),
    ({"kind": "Service", "metadata": {"name": "d"}, "spec": {"type": "LoadBalancer"}}, "no load balancer"),
    (
        {
            "kind": "DaemonSet",
            "metadata": {"name": "d"},
            "spec": {},
            "status": {
                "observedGeneration": 1,
                "desiredNumberScheduled": 2,
                "updatedNumberScheduled": 2,
                "numberAvailable": 1,
            },
        },
        "1 of 2 pods available",
    ),
    (
        {
            "kind": "StatefulSet",
            "metadata": {"name": "d"},
            "spec": {"replicas": 3},
            "status": {"observedGeneration": 1, "updatedReplicas": 3, "readyReplicas": 2},
        },
        "2 of 3 replicas ready",
    ),
    (
        {
            "kind": "StatefulSet",
            "metadata": {"name": "d"},
            "spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            "status": {"observedGeneration": 1, "updatedReplicas": 1, "readyReplicas": 3},
        },
        None,
    ),
    (
        {"kind": "Pod", "metadata": {"name": "d", "deletionTimestamp": "now"}, "status": {"phase": "Running"}},
        "being removed",
    ),
]


@pytest.mark.parametrize(("item", "words"), READINESS)
def test_readiness(item: dict[str, Any], words: str | None):
    found = unready({(item["kind"], "d")}, [item])
    assert ([words in each.reason for each in found] == [True]) if words else found == []


def test_an_object_that_is_missing_is_not_ready():
    assert [each.reason for each in unready({("Pod", "p")}, [])] == ["is not there"]


def pod(waiting: dict[str, str], **container: Any) -> dict[str, Any]:
    status = {"name": "web", "image": "app:1", "state": {"waiting": waiting}, **container}
    return {"kind": "Pod", "metadata": {"name": "p-1"}, "status": {"containerStatuses": [status]}}


def event(reason: str, message: str) -> dict[str, Any]:
    return {
        "kind": "Event",
        "reason": reason,
        "message": message,
        "involvedObject": {"kind": "ReplicaSet", "name": "rs"},
    }


REASONS: list[tuple[str, FailureClass, str, list[dict[str, Any]], list[dict[str, Any]]]] = [
    ("image_pull_failed", FailureClass.TERMINAL, "pod p-1: container web cannot pull image app:1 (ErrImagePull): no such tag",
     [pod({"reason": "ErrImagePull", "message": "no such tag"})], []),
    ("image_pull_failed", FailureClass.TERMINAL, "app:1 (ImagePullBackOff): failed to pull: failed to resolve reference: not found",
     [pod({"reason": "ImagePullBackOff", "message": 'Back-off pulling image "app:1": ErrImagePull: rpc error: code = NotFound'
           ' desc = failed to pull "app:1": failed to resolve reference "app:1": app:1: not found'})], []),
    ("container_crashes", FailureClass.TERMINAL, "exit code 137, 4 restarts: killed",
     [pod({"reason": "CrashLoopBackOff"}, restartCount=4, lastState={"terminated": {"exitCode": 137, "message": "killed"}})], []),
    ("container_config", FailureClass.TERMINAL, "secret \"x\" not found",
     [pod({"reason": "CreateContainerConfigError", "message": "secret \"x\" not found"})], []),
    ("unschedulable", FailureClass.TRANSIENT, "insufficient cpu",
     [{"kind": "Pod", "metadata": {"name": "p"}, "status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "insufficient cpu"}]}}], []),
    ("quota_exceeded", FailureClass.TERMINAL, "exceeded quota", [], [event("FailedCreate", "exceeded quota: q, requested: pods=1")]),
    ("volume_failed", FailureClass.TRANSIENT, "no storage class", [], [event("ProvisioningFailed", "no storage class")]),
    ("probe_failed", FailureClass.TRANSIENT, "Readiness probe failed: HTTP probe failed with statuscode: 404",
     [], [event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404")]),
    ("not_ready", FailureClass.TRANSIENT, "not ready after 30 s: Pod p is not there", [], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "kind", "words", "pods", "warnings"),
    REASONS,
    ids=[f"{row[0]} {number}" for number, row in enumerate(REASONS)],
)
def test_the_real_reason(
    code: str, kind: FailureClass, words: str, pods: list[dict[str, Any]], warnings: list[dict[str, Any]]
):
    failure = not_ready(unready({("Pod", "p")}, []), pods, warnings, after_sec=30)
    assert (failure.code, failure.failure_class) == (code, kind)
    assert words in failure.reason


HELM_WORDS = [
    ("Error: UPGRADE FAILED: cannot patch x: Deployment.apps \"x\" is invalid: spec.selector: Invalid value: \"s3cret\": field is immutable", "immutable_field"),
    ("Error: INSTALLATION FAILED: pods \"x\" is forbidden: exceeded quota: q, requested: cpu=1", "quota_exceeded"),
    ("Error: admission webhook \"w\" denied the request: no", "admission_denied"),
    ("Error: Unable to continue with install: ConfigMap \"x\" exists and cannot be imported into the current release: invalid ownership metadata", "owned_by_another"),
    ("Error: create: failed to create: Secret \"sh.helm.release.v1.x.v1\" is invalid: data: Too long: may not be more than 1048576 bytes", "release_too_large"),
    ("Error: values don't meet the specifications of the schema(s) in the following chart(s):\nx:\n- at '/a': got string, want integer", "values_rejected"),
    ("Error: Kubernetes cluster unreachable: Get \"https://x\": dial tcp: connect: connection refused", "cluster_unreachable"),
    ("Error: pre-install hooks failed: job gate failed: BackoffLimitExceeded", "hook_failed"),
    ("Error: failed pre-install: resource Job/n/gate not ready. status: InProgress\ncontext deadline exceeded", "hook_failed"),
    ("Error: pre-upgrade hooks failed: Get \"https://h\": dial tcp h: connect: connection refused", "cluster_unreachable"),
    ("Error: failed post-install: Too many requests, please try again later.", "cluster_unreachable"),
    ('Error: Job.batch "x" is invalid: spec.template: Invalid value: {"a":"b: c"}: field is immutable', "immutable_field"),
    ("runtime: out of memory: cannot allocate 5 bytes\nfatal error: out of memory\n\ngoroutine 1:", "chart_needs_memory"),
    ("Error: another operation (install/upgrade/rollback) is in progress", "release_busy"),
    ("Error: template: x/templates/a.yaml:1:2: executing: error calling fail: conflict with forbidden: unexpected EOF", "template_failed"),
    ("Error: values don't meet the specifications of the schema(s) in the following chart(s):\nx:\n- at '/a': conflicts with /b", "values_rejected"),
    ("Error: error validating \"\": error decoding: typeof is unknown", "helm_failed"),
    ("Error: Post \"https://x/api\": net/http: request canceled (Client.Timeout exceeded while awaiting headers)", "cluster_unreachable"),
    ("Error: Post \"https://x/api\": unexpected EOF", "cluster_unreachable"),
    ("Error: UPGRADE FAILED: pre-upgrade hooks failed: write tcp 1:2->3:4: write: broken pipe", "cluster_unreachable"),
    ("Error: Get \"https://x/api\": http2: server sent GOAWAY and closed the connection", "cluster_unreachable"),
    ("Error: etcdserver: request timed out", "cluster_unavailable"),
    ("Error: Too many requests, please try again later.", "cluster_unavailable"),
    ("Error: configmaps \"x\" is forbidden: unable to create new content in namespace x because it is being terminated", "namespace_terminating"),
    ("Error: ConfigMap \"x\" is invalid: metadata.labels: Invalid value: must have at most 63 bytes. Too long", "object_invalid"),
    ("Error: template: x/templates/a.yaml:1:2: executing", "template_failed"),
    ("Error: failed to delete release: app", "release_indivisible"),
    ("Error: something new", "helm_failed"),
    ("", "helm_failed"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), HELM_WORDS)
def test_helms_words_become_a_failure_without_values(text: str, code: str):
    failure = output.failure(text)
    assert failure.code == code
    assert "s3cret" not in failure.reason


def test_a_long_reason_keeps_where_it_happened_and_why():
    frames = "".join(
        f'template: x/templates/{n}.yaml:1:2: executing "x/{n}" at <include>: error calling include: ' for n in range(9)
    )
    reason = output.failure(f"Error: {frames}nodes is forbidden").reason
    assert reason.startswith("the chart's templates failed: template: x/templates/0.yaml:1:2")
    assert reason.endswith("error calling include: nodes is forbidden")
    assert len(reason) < output.LONGEST + 50


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Error: uninstall: Release not loaded: x: release: not found", True),
        ('Error: namespaces "x" not found', False),
        ("helm: command not found", False),
    ],
)
def test_only_a_missing_release_counts_as_uninstalled(text: str, answer: bool):
    assert output.says_not_found(text) is answer
