"""Named places in the services at which a test has the process killed, stopped, or a step failed. Off unless armed.

`SLIPWAY_FAILPOINTS=dispatcher.leased=kill,projector.committed=error@3` acts at the first time that a dispatcher has leased
and at the third time that a projector has committed; each acts once in the life of a process.
"""

import os
import re
import signal
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import msgspec
import structlog

log = structlog.get_logger()

NAMES = frozenset(
    {
        "api.before_commit", "api.committed",
        "dispatcher.leased", "dispatcher.published",
        "projector.before_commit", "projector.committed",
        "relay.published",
        "worker.received", "worker.claimed", "worker.acked", "worker.reporting", "worker.reported",
        "helm.starting", "helm.started", "helm.ended",
    }
)  # fmt: skip
"""Every failpoint: `<loop>.<what has just happened>`, or what is about to."""


class Action(StrEnum):
    KILL = "kill"
    STOP = "stop"
    ERROR = "error"


_SHAPE = f"^({'|'.join(re.escape(name) for name in sorted(NAMES))})=({'|'.join(Action)})(@([1-9][0-9]*))?$"
_WORDS = (
    f"name={'|'.join(Action)}, with @hit behind it where it is not the first, of the names {', '.join(sorted(NAMES))}"
)
Failpoint = Annotated[str, msgspec.Meta(pattern=_SHAPE, description=_WORDS)]


class Injected(Exception):
    """The failure that a failpoint with the action `error` stands for."""


_armed: dict[str, tuple[Action, int]] = {}
"""What each armed failpoint does, and at which of its coming hits."""


def arm(specs: Iterable[str]) -> None:
    """Arm each Failpoint; ValueError for what is none."""
    found = dict(_parse(spec) for spec in specs)
    _armed.clear()
    _armed.update(found)
    if _armed:
        log.warning("failpoints_armed", failpoints=sorted(_armed))


def hit(name: str) -> None:
    """Do here what the failpoint is armed for; nothing in normal runs."""
    if _armed:
        _act(name)


def _act(name: str) -> None:
    if name not in _armed:
        return
    action, left = _armed.pop(name)
    if left > 1:
        _armed[name] = (action, left - 1)
        return
    log.warning("failpoint", name=name, action=action.value)
    if action is Action.ERROR:
        raise Injected(name)
    os.kill(os.getpid(), signal.SIGKILL if action is Action.KILL else signal.SIGSTOP)


def _parse(spec: str) -> tuple[str, tuple[Action, int]]:
    found = re.fullmatch(_SHAPE, spec)
    if found is None:
        raise ValueError(f"expected {_WORDS}")
    return found[1], (Action(found[2]), int(found[4] or 1))
