"""How much memory Helm's processes hold, whichever adapter runs them: an executor starts no others."""

import os
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def held_by_helm() -> int:
    """Return the bytes of memory that all processes below this one hold."""
    return held_below(os.getpid())


def held_below(pid: int) -> int:
    """Return the bytes of memory that a process's descendants hold for themselves; what their files take is not counted."""
    children = [int(child) for child in _words(f"/proc/{pid}/task/{pid}/children")]
    return sum(_held(child) + held_below(child) for child in children)


def _held(pid: int) -> int:
    words = _words(f"/proc/{pid}/statm")
    return (int(words[1]) - int(words[2])) * PAGE_BYTES if words else 0


def _words(path: str) -> list[str]:
    """Return what a process's file says; nothing when the process has ended."""
    try:
        return Path(path).read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
