"""CPU and memory of processes and of what they have started."""

import contextlib
import os
import resource
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def used_by_children(running: Iterable[int] = ()) -> float:
    """Return seconds of all children that have ended and of these that run; the difference of two readings tells."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime + sum(_seconds(pid, 11, 12) for pid in running)


def used_by(pid: int) -> float:
    """Return seconds of a process, of its children that run, and of those that have ended and were waited for."""
    try:
        own, children = _seconds(pid, 11, 12, 13, 14), _children(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return own + sum(used_by(child) for child in children)


def children_mib(pid: int) -> list[float]:
    """Return the resident memory of each child that runs, in MiB; one that ends meanwhile is left out."""
    found: list[float] = []
    for child in _children(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found.append(resident_mib(child))
    return found


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process alone, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def peak_mib(pid: int) -> float:
    """Return the most resident memory that a process has had, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _seconds(pid: int, *fields: int) -> float:
    found = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(found[field]) for field in fields) / TICKS
