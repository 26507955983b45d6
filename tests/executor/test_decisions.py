"""States and steps: tables without any server."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from slipway.domain.failures import Failure, FailureClass
from slipway.domain.revisions import Drifted, GoodRevision
from slipway_executor.cluster.port import Namespace, ReleaseRecord
from slipway_executor.reconcile.decide import TO_APPLY, TO_DELETE, Pass, Step, decide, goes_back
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
