"""The node's control groups: one folder of its own in each hierarchy, gone when the node is."""

import errno
import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def _hierarchies() -> list[Path]:
    """Return the one tree of version 2, or the trees of version 1."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [folder for folder in sorted(ROOT.iterdir()) if (folder / "cgroup.procs").exists()]


def make(name: str) -> None:
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)


def removed(name: str) -> bool:
    """Remove the groups, innermost first; False while a process in one of them has not ended."""
    try:
        for hierarchy in _hierarchies():
            for folder, _, _ in os.walk(hierarchy / name, topdown=False):
                Path(folder).rmdir()
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return False
    return True
