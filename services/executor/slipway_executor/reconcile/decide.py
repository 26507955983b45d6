"""One state, one action. A pure table, and the rule that no action is taken twice in a pass."""

from collections.abc import Collection
from enum import StrEnum

from slipway.domain.failures import Failure, FailureClass
from slipway_executor.reconcile.state import Classified, State


class Step(StrEnum):
    """What to do next."""

    CREATE_NAMESPACE = "create_namespace"
    APPLY = "apply"
    """`helm upgrade --install`."""
    SETTLE_RECORD = "settle_record"
    """Mark the interrupted revision failed, so that Helm goes on from it."""
    UNINSTALL = "uninstall"
    DELETE_NAMESPACE = "delete_namespace"
    WAIT_GONE = "wait_gone"
    """Wait, bounded, until the namespace is gone."""
    WATCH = "watch"
    """The release is what was wanted: watch its objects until they are ready."""
    FINISH = "finish"


TO_APPLY = {
    State.GONE: Step.CREATE_NAMESPACE,
    State.ABSENT: Step.APPLY,
    State.PENDING: Step.SETTLE_RECORD,
    State.UNINSTALLING: Step.UNINSTALL,
    State.FAILED_INSTALL: Step.APPLY,
    State.FAILED_UPGRADE: Step.APPLY,
    State.OUT_OF_SYNC: Step.APPLY,
    State.IN_SYNC: Step.WATCH,
}
TO_DELETE = {
    State.GONE: Step.FINISH,
    State.TERMINATING: Step.WAIT_GONE,
    State.ABSENT: Step.DELETE_NAMESPACE,
    State.PENDING: Step.UNINSTALL,
    State.UNINSTALLING: Step.UNINSTALL,
    State.FAILED_INSTALL: Step.UNINSTALL,
    State.FAILED_UPGRADE: Step.UNINSTALL,
    State.OUT_OF_SYNC: Step.UNINSTALL,
    State.IN_SYNC: Step.UNINSTALL,
}


def decide(found: Classified, *, deleting: bool, done: Collection[Step], changed: bool) -> Step | Failure:
    """Return the one action for this state, or the failure that ends the pass.

    `done` are the actions of this pass, `changed` tells whether one of them wrote to the cluster.
    """
    if found.state is State.FOREIGN:
        kind = FailureClass.NEEDS_PERSON
        return Failure(failure_class=kind, code="namespace_foreign", reason=found.reason, cluster_changed=changed)
    if found.state is State.TERMINATING and not deleting:
        reason = f"waiting for the old namespace to go: {found.reason}"
        return Failure(failure_class=FailureClass.TRANSIENT, code="namespace_terminating", reason=reason)
    step = (TO_DELETE if deleting else TO_APPLY)[found.state]
    if step in done:
        reason = f"after {step} the release is still {found.state}: {found.reason}"
        return Failure(failure_class=FailureClass.TRANSIENT, code="no_progress", reason=reason, cluster_changed=changed)
    return step
