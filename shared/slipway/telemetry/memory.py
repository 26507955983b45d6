"""How much memory a process may take, with all that it starts: what its control group says, as a container's limit sets it."""

from collections.abc import Sequence
from math import inf
from pathlib import Path

from prometheus_client import Gauge

LIMIT = Gauge(
    "slipway_memory_limit_bytes",
    "Most memory that this process and those that it starts may take; +Inf without a limit.",
)
FILES = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container finds its own limit, in the second and in the first version of control groups."""
UNLIMITED = 2**60
"""From which on a figure of the first version means that there is none."""


def tell_limit(files: Sequence[Path] = FILES) -> None:
    """Show the limit from now on."""
    LIMIT.set(_limit(files))


def _limit(files: Sequence[Path]) -> float:
    for path in files:
        if path.exists() and (said := path.read_text().strip()).isdecimal() and int(said) < UNLIMITED:
            return int(said)
    return inf
