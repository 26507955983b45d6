"""Runs Helm and ends it at its deadline: `guard.py MEMORY_MIB PROGRAM [ARGUMENT ...]`, started by file path for speed.

Reads deadlines (CLOCK_BOOTTIME seconds, a line each, the first before anything starts) from stdin. When the newest one
has passed, or stdin is closed because the executor is gone, the whole process group is killed. Standard library only.
"""

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
BESIDE_MIB = 3072
"""Of address space beside what Helm may use: a Go program maps much more. There a template without end comes to its end."""


def main() -> int:
    """Return Helm's own exit code; the guard kills its own group when time is over, and returns nothing then."""
    deadline, rest = _read_deadline(b"")
    child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, preexec_fn=_die_with_guard)  # noqa: PLW1509
    ended = os.pidfd_open(child.pid)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(0, select.POLLIN | select.POLLHUP)
    while True:
        left = deadline - time.clock_gettime(time.CLOCK_BOOTTIME)
        if left <= 0:
            _kill_group()
        ready = {descriptor for descriptor, _ in poll.poll(min(left, 5.0) * 1000)}
        if ended in ready:
            return child.wait()
        if 0 in ready:
            deadline, rest = _read_deadline(rest)


def _read_deadline(rest: bytes) -> tuple[float, bytes]:
    while True:
        data = os.read(0, 4096)
        if not data:
            _kill_group()
        *lines, rest = (rest + data).split(b"\n")
        if lines:
            return float(lines[-1]), rest


def _die_with_guard() -> None:
    limit = (int(sys.argv[1]) + BESIDE_MIB) * 1024**2
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _kill_group() -> None:
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
