"""The one exception of the executor's adapters: it carries the failure that is reported."""

from collections.abc import Sequence
from typing import Any

from slipway.domain.failures import Failure, FailureClass


class OperationFailed(Exception):
    """Something outside refused or broke. `failure` says what would help.

    `hook_pods` are the pods of a hook that failed as they were then: Helm may have removed them since.
    """

    def __init__(self, failure: Failure, hook_pods: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(failure.reason)
        self.failure = failure
        self.hook_pods = hook_pods


def transient(code: str, reason: str, *, changed: bool = False) -> OperationFailed:
    """Time may help."""
    return _failed(FailureClass.TRANSIENT, code, reason, changed)


def terminal(code: str, reason: str, *, changed: bool = False) -> OperationFailed:
    """The user's input must change."""
    return _failed(FailureClass.TERMINAL, code, reason, changed)


def needs_person(code: str, reason: str, *, changed: bool = False) -> OperationFailed:
    """Somebody with rights must act."""
    return _failed(FailureClass.NEEDS_PERSON, code, reason, changed)


def _failed(kind: FailureClass, code: str, reason: str, changed: bool) -> OperationFailed:  # noqa: FBT001
    return OperationFailed(Failure(failure_class=kind, code=code, reason=reason, cluster_changed=changed))
