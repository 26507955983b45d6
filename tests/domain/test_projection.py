"""What a report does to job and deployment: one table, a row per situation."""

from typing import Any

import pytest

from slipway.domain.deployments import DeploymentStatus as Status
from slipway.domain.events import EventType
from slipway.domain.failures import Failure, FailureClass
from slipway.domain.jobs import JobReason, JobStatus, RetryPolicy
from slipway.domain.outcomes import Outcome
from slipway.domain.projection import Decision, DeploymentRow, Ignored, JobRow, Seen, project
from slipway.identity import new_id

POLICY = RetryPolicy()
TRANSIENT = Failure(failure_class=FailureClass.TRANSIENT, code="c", reason="r", cluster_changed=True)
UNTOUCHED = Failure(failure_class=FailureClass.TRANSIENT, code="c", reason="r")
DOUBTFUL = Failure(failure_class=FailureClass.TRANSIENT, code="c", reason="r", counted=True)
TERMINAL = Failure(failure_class=FailureClass.TERMINAL, code="c", reason="r", cluster_changed=True)


def decide(
    report: dict[str, Any], job: dict[str, Any] | None = None, deployment: dict[str, Any] | None = None
) -> Decision | Ignored:
    told: dict[str, Any] = {
        "fence": 7,
        "seq": 1,
        "cluster": "local",
        "generation": 3,
        "outcome": Outcome.DONE,
        **report,
    }
    row: dict[str, Any] = {
        "id": new_id(), "status": JobStatus.RUNNING, "reason": JobReason.UPDATE, "fence": 7, "seq": 0,
        "generation": 3, "attempt": 0, "elapsed_sec": 2.0, **(job or {}),
    }  # fmt: skip
    wanted: dict[str, Any] = {
        "status": Status.UPGRADING, "generation": 3, "cluster": "local", "successor_waits": False, **(deployment or {}),
    }  # fmt: skip
    return project(Seen(**told), JobRow(**row), DeploymentRow(**wanted), POLICY, 0.0)


IGNORED = [
    ("an older fence", {"fence": 6}, {}, {}),
    ("a newer fence than the job's", {"fence": 8}, {}, {}),
    ("the same report again", {"seq": 1}, {"seq": 1}, {}),
    ("an earlier report after a later one", {"seq": 1}, {"seq": 2}, {}),
    ("from another cluster", {"cluster": "other"}, {}, {}),
    ("the job had ended", {}, {"status": JobStatus.SUCCEEDED}, {}),
    ("an admin ended the job", {}, {"status": JobStatus.FAILED}, {}),
]


@pytest.mark.parametrize(("why", "report", "job", "deployment"), IGNORED, ids=[row[0] for row in IGNORED])
def test_ignored(why: str, report: dict[str, Any], job: dict[str, Any], deployment: dict[str, Any]):
    assert isinstance(decide(report, job, deployment), Ignored)


FAIL = {"outcome": Outcome.FAILED}
DELETING = {"status": Status.DELETING}
SUCCESSOR = {"successor_waits": True}
DELETE_JOB = {"reason": JobReason.DELETE}

TABLE: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("done at the wanted generation is ready", {}, {}, {},
     {"job_status": JobStatus.SUCCEEDED, "status": Status.READY, "event": EventType.DEPLOYMENT_READY, "hold": False}),
    ("done at an older generation ends its job only", {}, {}, {"generation": 4, **SUCCESSOR},
     {"job_status": JobStatus.SUCCEEDED, "status": None}),
    ("applied while a delete was accepted never shows ready", {}, {}, {**DELETING, **SUCCESSOR},
     {"job_status": JobStatus.SUCCEEDED, "status": None}),
    ("gone ends a delete", {"gone": True}, DELETE_JOB, DELETING,
     {"job_status": JobStatus.SUCCEEDED, "status": Status.DELETED, "deleted": True, "event": EventType.DEPLOYMENT_DELETED}),
    ("progress ends nothing", {"outcome": Outcome.PROGRESS}, {}, {},
     {"job_status": None, "status": None, "event": EventType.DEPLOYMENT_PROGRESSED}),
    ("a transient failure is tried again", {**FAIL, "failure": TRANSIENT}, {}, {},
     {"job_status": JobStatus.DELAYED, "status": Status.ERROR, "attempt": 1, "will_retry": True, "hold": False}),
    ("one that changed nothing is not counted", {**FAIL, "failure": UNTOUCHED}, {"attempt": 5}, {},
     {"job_status": JobStatus.DELAYED, "attempt": 5, "will_retry": True}),
    ("the last try of the budget is final", {**FAIL, "failure": TRANSIENT}, {"attempt": 5}, {},
     {"job_status": JobStatus.FAILED, "attempt": 6, "will_retry": False, "hold": True}),
    ("so is one that may be the chart's fault, though nothing changed", {**FAIL, "failure": DOUBTFUL}, {"attempt": 5}, {},
     {"job_status": JobStatus.FAILED, "attempt": 6, "will_retry": False, "hold": True}),
    ("a terminal failure is final at once", {**FAIL, "failure": TERMINAL}, {}, {},
     {"job_status": JobStatus.FAILED, "status": Status.ERROR, "will_retry": False, "hold": True}),
    ("a failure gives way to a successor", {**FAIL, "failure": TERMINAL}, {}, {"generation": 4, **SUCCESSOR},
     {"job_status": JobStatus.SUPERSEDED, "status": None, "will_retry": True, "hold": False}),
    ("a failed delete goes on being a delete", {**FAIL, "failure": TERMINAL}, DELETE_JOB, DELETING,
     {"job_status": JobStatus.DELAYED, "status": Status.DELETING, "will_retry": True}),
    ("a failure without a reason still has one", FAIL, {}, {}, {"job_status": JobStatus.DELAYED, "status": Status.ERROR}),
    ("handed back runs again uncounted", {"outcome": Outcome.HANDED_BACK}, {"attempt": 2}, {},
     {"job_status": JobStatus.DELAYED, "attempt": 2, "status": None}),
    ("handed back gives way to a successor", {"outcome": Outcome.HANDED_BACK}, {}, SUCCESSOR,
     {"job_status": JobStatus.SUPERSEDED}),
    ("stopped for a successor is superseded", {"outcome": Outcome.STOPPED}, {}, {"generation": 4, **SUCCESSOR},
     {"job_status": JobStatus.SUPERSEDED, "status": None}),
    ("stopped by a person is cancelled and held", {"outcome": Outcome.STOPPED}, {"cancel_requested": True}, {},
     {"job_status": JobStatus.CANCELLED, "status": Status.ERROR, "hold": True}),
    ("a fence ahead raises the sequence and runs again", {"outcome": Outcome.FENCE_AHEAD, "stored_fence": 99}, {}, {},
     {"job_status": JobStatus.DELAYED, "raise_fence_to": 99}),
    ("a late end of a job that was returned still counts", {}, {"status": JobStatus.QUEUED}, {},
     {"job_status": JobStatus.SUCCEEDED, "status": Status.READY}),
    ("a late end does not end the newer wish in the same row", {}, {"status": JobStatus.QUEUED, "generation": 4},
     {"generation": 4}, {"job_status": None, "status": None, "event": None}),
]  # fmt: skip


@pytest.mark.parametrize(("why", "report", "job", "deployment", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_decided(
    why: str, report: dict[str, Any], job: dict[str, Any], deployment: dict[str, Any], expected: dict[str, Any]
):
    decision = decide(report, job, deployment)
    assert isinstance(decision, Decision)
    assert {name: getattr(decision, name) for name in expected} == expected


def test_an_error_always_carries_its_failure():
    decision = decide(FAIL)
    assert isinstance(decision, Decision)
    assert decision.failure is not None
