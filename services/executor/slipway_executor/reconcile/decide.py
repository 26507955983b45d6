"""One state, one action. A pure table, and the rule that no action is taken twice in a pass."""

from collections.abc import Collection
from enum import StrEnum

import msgspec

from slipway.domain.failures import Failure, FailureClass
from slipway.domain.revisions import GoodRevision
from slipway_executor.cluster.port import ReleaseRecord
from slipway_executor.reconcile.state import Classified, State


class Step(StrEnum):
    """What to do next."""

    CREATE_NAMESPACE = "create_namespace"
    PREPARE = "prepare"
    """Lay the tenant's rules into the namespace: rights, limits, network."""
    ADOPT = "adopt"
    """Take over a release that is just what is wanted already, without changing an object."""
    APPLY = "apply"
    """`helm upgrade --install`."""
    SETTLE_RECORD = "settle_record"
    """Mark the interrupted revision failed, so that Helm goes on from it."""
    PRUNE = "prune"
    """Remove what failed revisions made and this one does not have: Helm forgets it."""
    CORRECT = "correct"
    """Set live objects right that differ from the release."""
    ROLL_BACK = "roll_back"
    """Take a failed upgrade back to the last revision that was ready."""
    UNINSTALL = "uninstall"
    DELETE_NAMESPACE = "delete_namespace"
    LEAVE_NAMESPACE = "leave_namespace"
    """Give an adopted namespace back."""
    WAIT_GONE = "wait_gone"
    """Wait, bounded, until the namespace is gone."""
    WATCH = "watch"
    """The release is what was wanted: watch its objects until they are ready."""
    FINISH = "finish"


TO_APPLY = {
    State.ADOPTABLE: Step.ADOPT,
    State.GONE: Step.CREATE_NAMESPACE,
    State.UNPREPARED: Step.PREPARE,
    State.ABSENT: Step.APPLY,
    State.PENDING: Step.SETTLE_RECORD,
    State.UNINSTALLING: Step.SETTLE_RECORD,
    State.FAILED_INSTALL: Step.APPLY,
    State.FAILED_UPGRADE: Step.APPLY,
    State.OUT_OF_SYNC: Step.APPLY,
    State.UNTIDY: Step.PRUNE,
    State.DRIFTED: Step.CORRECT,
    State.IN_SYNC: Step.WATCH,
}
TO_DELETE = {
    State.GONE: Step.FINISH,
    State.TERMINATING: Step.WAIT_GONE,
    State.UNPREPARED: Step.PREPARE,
    State.ABSENT: Step.DELETE_NAMESPACE,
    State.PENDING: Step.UNINSTALL,
    State.UNINSTALLING: Step.UNINSTALL,
    State.FAILED_INSTALL: Step.UNINSTALL,
    State.FAILED_UPGRADE: Step.UNINSTALL,
    State.OUT_OF_SYNC: Step.UNINSTALL,
    State.IN_SYNC: Step.UNINSTALL,
}
"""A delete compares nothing and adopts nothing, so the states of those are not met."""

PASSING = frozenset(
    {
        "cluster_unreachable", "cluster_unavailable", "cluster_unauthorized", "cluster_changed", "lease_lost", "helm_killed",
        "namespace_terminating", "registry_unreachable", "registry_unavailable", "webhook_failed", "release_busy",
        "helm_failed", "helm_too_slow", "rights_missing", "quota_unknown",
    }
)  # fmt: skip
"""Failures that say nothing of the revision: an upgrade is not taken back for them before its last attempt."""


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass is for, and what it did so far."""

    deleting: bool
    ever_applied: bool = True
    """Whether the deployment ever had a release of its own in the cluster."""
    done: Collection[Step] = ()
    changed: bool = False
    """Whether one of the steps wrote to the cluster."""


def decide(found: Classified, now: Pass) -> Step | Failure:
    """Return the one action for this state, or the failure that ends the pass."""
    if found.state is State.FOREIGN:
        if now.deleting and not now.ever_applied:
            return Step.FINISH  # nothing there was ever ours: there is nothing to remove
        kind = FailureClass.NEEDS_PERSON
        return Failure(failure_class=kind, code="namespace_foreign", reason=found.reason, cluster_changed=now.changed)
    if found.state is State.TERMINATING and not now.deleting:
        reason = f"waiting for the old namespace to go: {found.reason}"
        return Failure(failure_class=FailureClass.TRANSIENT, code="namespace_terminating", reason=reason)
    step = (TO_DELETE if now.deleting else TO_APPLY)[found.state]
    if step is Step.DELETE_NAMESPACE and found.adopted:
        step = Step.LEAVE_NAMESPACE
    if step in now.done:
        reason = f"after {step} the release is still {found.state}: {found.reason}"
        kind = FailureClass.TRANSIENT
        return Failure(failure_class=kind, code="no_progress", reason=reason, cluster_changed=now.changed)
    return step


def goes_back(
    failure: Failure, good: GoodRevision | None, history: Collection[ReleaseRecord], *, keep: bool, last_attempt: bool
) -> bool:
    """Tell whether a failed upgrade is taken back to the last revision that was ready.

    Only when the cluster holds something newer than that revision, Helm still has it, and the failure is the new
    revision's own fault, or the last attempt was spent on it. What has data is never uninstalled.
    """
    if good is None or keep or not history:
        return False
    newest = max(record.revision for record in history)
    there = any(record.revision == good.revision for record in history)
    passing = passes(failure, last_attempt=last_attempt)
    return there and newest > good.revision and not passing and failure.failure_class is not FailureClass.CANCELLED


def passes(failure: Failure, *, last_attempt: bool) -> bool:
    """Tell whether a failure says nothing of the revision, and another try is left."""
    return failure.code in PASSING and not last_attempt
