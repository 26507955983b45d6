"""Why something failed, and what would help."""

from enum import StrEnum

import msgspec


class FailureClass(StrEnum):
    """What has to happen before another try can succeed."""

    TRANSIENT = "transient"
    """Time: retried with backoff."""
    TERMINAL = "terminal"
    """The user's input must change."""
    NEEDS_PERSON = "needs_person"
    """Somebody with rights on the cluster or the platform must act."""
    CANCELLED = "cancelled"
    """A person stopped it; the next change or `reconcile` goes on."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A failed try. `reason` is one sentence for people; `code` is stable for programs; neither holds a secret."""

    failure_class: FailureClass
    code: str
    reason: str
    cluster_changed: bool = False
    """Whether the cluster was written to: such a failure counts against the retry budget."""
    counted: bool = False
    """Whether it counts although nothing was written: it may be the chart's own fault, and then time never helps."""
