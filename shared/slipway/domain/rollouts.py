"""Upgrading a product's deployments in waves: who is next, and when it is over. Pure."""

from enum import StrEnum

import msgspec


class RolloutStatus(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    STOPPED = "stopped"
    """More deployments failed than it was told to bear; those not begun stay as they are."""


class ItemStatus(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Deleted or given another template in between, or its values do not fit the new version."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How many deployments stand where."""

    waiting: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0


def next_wave(progress: Progress, *, batch_size: int, max_failures: int) -> int | RolloutStatus:
    """Return how many to begin now (0: wait for those that run), or how the rollout ended.

    A wave begins when the one before has ended: a broken version stops after one wave, whatever its speed.
    """
    if progress.running:
        return 0
    if progress.failed > max_failures:
        return RolloutStatus.STOPPED
    if not progress.waiting:
        return RolloutStatus.SUCCEEDED
    return min(batch_size, progress.waiting)
