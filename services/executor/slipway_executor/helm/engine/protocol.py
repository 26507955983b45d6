"""What is said to the Helm engine and what it answers: one JSON message a line. The twin of `helm-engine/input.go`."""

from typing import Any

import msgspec

from slipway_executor.cluster.port import Object

LINE_LIMIT = 40 * 1024 * 1024
"""Longest answer that is read: twice what a chart may render, as JSON escapes it."""


class Kubeconfig(msgspec.Struct, frozen=True, kw_only=True):
    """By content, so that the engine never reads a file that has changed; paths in it are relative to `path`."""

    content: str = ""
    path: str = ""


class Operation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One wish: `kind` is apply, rollback, uninstall, test, render, template, status or history."""

    kind: str
    name: str
    namespace: str
    kubeconfig: Kubeconfig
    as_user: str = ""
    chart: str = ""
    values: dict[str, Any] = {}
    labels: dict[str, str] = {}
    hook_timeout_sec: float = 300
    force_conflicts: bool = False
    revision: int = 0


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A deadline (CLOCK_BOOTTIME seconds), with the first one of an operation the operation itself."""

    deadline: float
    operation: Operation | None = None


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an operation is."""

    phase: str
    applied: int = 0
    total: int = 0
    hook: str = ""

    @property
    def waits(self) -> bool:
        """Helm waits for a hook, and writes nothing meanwhile."""
        return self.phase == "hook"

    def words(self) -> str:
        """Return it for a reader."""
        match self.phase:
            case "applying":
                return f"{self.applied} of {self.total} objects were applied"
            case "hook":
                return f"waiting for hook {self.hook}"
            case _:
                return self.phase


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an operation ended. `error` is what Helm's own program prints."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""
    not_found: bool = False
    too_large: bool = False
    hook_pods: tuple[Object, ...] = ()
    """The pods of a hook that failed, as they were then."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the engine: a report, or the outcome."""

    progress: Progress | None = None
    outcome: Outcome | None = None


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What a dry run made."""

    manifest: str = ""
    hooks: list[str] = []
    notes: str = ""
