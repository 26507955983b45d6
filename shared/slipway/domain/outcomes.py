"""How an executor's try at a job ended."""

from enum import StrEnum


class Outcome(StrEnum):
    """What a report says of its job."""

    PROGRESS = "progress"
    """Not an end: applied, now watching."""
    DONE = "done"
    FAILED = "failed"
    HANDED_BACK = "handed_back"
    """Undone work through nobody's fault (shutdown, Terminating namespace): run it again."""
    STOPPED = "stopped"
    """Ended early because a beat's answer said superseded or cancelled; carries the last observation."""
    FENCE_AHEAD = "fence_ahead"
    """The cluster's Lease bears a higher fence (`stored_fence`): the sequence must be raised."""
