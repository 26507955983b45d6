"""Reconcile jobs: their states, and the decisions that need no database.

delayed ─► queued ─► leased ─► running ─► succeeded | failed | superseded | cancelled
              ▲         │         │
              └─────────┴─────────┴── returned (publish or claim missed, owner vanished, retry)
                                  └─► quarantined (three owners vanished in a row)
"""

from collections.abc import Collection
from enum import StrEnum

import msgspec


class JobStatus(StrEnum):
    """Where a job stands. The database repeats this list as a CHECK."""

    DELAYED = "delayed"
    """Waits until `run_after`, then becomes queued."""
    QUEUED = "queued"
    """Due; the next lease may take it."""
    LEASED = "leased"
    """A dispatcher took it and publishes its command; no executor has claimed it yet."""
    RUNNING = "running"
    """Claimed by one executor, which beats for it."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    """A newer change took its place before it ended."""
    CANCELLED = "cancelled"
    QUARANTINED = "quarantined"
    """Its executor vanished three times in a row; an admin requeues or fails it."""


WAITING = frozenset({JobStatus.DELAYED, JobStatus.QUEUED})
IN_FLIGHT = frozenset({JobStatus.LEASED, JobStatus.RUNNING})
FINISHED = frozenset(JobStatus) - WAITING - IN_FLIGHT


class JobReason(StrEnum):
    """Why a job exists, weakest first: when two meet in one waiting job the stronger one stays (`enqueue` ranks them)."""

    DRIFT = "drift"
    RETRY = "retry"
    """Somebody asked for another try of what had failed. Tries that follow by themselves go on with the same job."""
    MANUAL = "manual"
    UPDATE = "update"
    UPGRADE = "upgrade"
    ROLLBACK = "rollback"
    CREATE = "create"
    DELETE = "delete"


class JobOption(StrEnum):
    """What a job does beside making the release what is wanted. A waiting job unites the options of its wishes."""

    COMPARE = "compare"
    """Compare live objects with the release, and correct them, also when nothing was changed."""
    RESTART = "restart"
    """Restart the release's pods."""
    TEST = "test"
    """Run the chart's tests once it is ready."""
    ADOPT = "adopt"
    """Take over a release that was made by hand."""
    CONFIRM_EMPTY = "confirm_empty"
    """The values may remove every object of the release."""


BACKGROUND = frozenset({JobReason.DRIFT})


def priority(reason: JobReason) -> int:
    """Return the lease order: 0 for what a person waits for, 1 for background work."""
    return 1 if reason in BACKGROUND else 0


BACKGROUND_EVERY = 16
"""Under a flood of what people wait for, background work has one job of so many."""


def background_share(passed: int, room: int) -> int:
    """Return how many of the next `room` jobs are background work's, when it is owed one of each sixteen that `passed`."""
    return min(passed // BACKGROUND_EVERY, -(-room // BACKGROUND_EVERY))


def passed_after(passed: int, share: int, taken: int, others: Collection[str]) -> int:
    """Return how many jobs count for background work's next turn, after a pass of which it took `taken` of its `share`.

    `others` are the reasons of what was leased in the order of the queue. Background work among them, or nothing at all,
    means that nobody's change waits that could go before it. A turn that it has no job for is not saved up.
    """
    if not BACKGROUND.isdisjoint(others) or not (taken or others):
        return 0
    passed += taken + len(others) - BACKGROUND_EVERY * taken
    return passed if taken == share else min(passed, BACKGROUND_EVERY)


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When to try again, and when to stop: seconds and tries."""

    base_sec: float = 5.0
    cap_sec: float = 600.0
    attempts: int = 6
    """Tries that changed the cluster, or may be refused for the chart's own fault, before a transient failure becomes final."""
    lost_limit: int = 3
    """Owners that may vanish in a row before quarantine."""


def backoff_sec(policy: RetryPolicy, elapsed_sec: float, jitter: float) -> float:
    """Return the seconds to wait before the next try: as long as has gone by since the wish, so that waits double.

    `elapsed_sec` counts from the moment the job was queued; `jitter`, in [0, 1), is the caller's.
    """
    return min(policy.cap_sec, max(policy.base_sec, elapsed_sec)) * (0.5 + jitter / 2)
