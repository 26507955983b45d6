"""A cluster that takes writes only while the right to write lasts: each one is refused once the deadline has passed."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from slipway.clock import Clock
from slipway_executor.cluster.port import Cluster
from slipway_executor.failing import transient
from slipway_executor.helm.port import Deadline

WRITES = frozenset(
    {
        "create_namespace", "mark_namespace", "delete_namespace", "fail_record", "label_record", "remove_record", "apply",
        "annotate", "remove",
    }
)  # fmt: skip
"""Methods of the port that change what is a deployment's."""


def require(clock: Clock, deadline: Deadline) -> None:
    """OperationFailed when the right to write is over."""
    if clock.monotonic() >= deadline.at:
        raise transient("lease_lost", "the right to write in the cluster ended before the step did")


def fenced(cluster: Cluster, clock: Clock, deadline: Deadline) -> Cluster:
    """Return the cluster for one job: a process that stood still and wakes up writes nothing more."""
    return cast("Cluster", _Fenced(cluster, clock, deadline))


class _Fenced:
    def __init__(self, cluster: Cluster, clock: Clock, deadline: Deadline) -> None:
        self._cluster = cluster
        self._clock = clock
        self._deadline = deadline

    def __getattr__(self, name: str) -> Any:
        method: Callable[..., Awaitable[Any]] = getattr(self._cluster, name)
        if name not in WRITES:
            return method

        async def write(*arguments: Any, **named: Any) -> Any:
            require(self._clock, self._deadline)
            return await method(*arguments, **named)

        return write
