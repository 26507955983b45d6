"""Tool calls as a message keeps them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec


class CallStatus(StrEnum):
    DONE = "done"
    FAILED = "failed"
    """It was refused, or could not be run; `error` says why."""
    PROPOSED = "proposed"
    """It would change a deployment, and waits for the user's word. `result` tells what it would do."""
    CONFIRMED = "confirmed"
    """The user said yes and it was accepted; the next message has the call that did it."""
    DECLINED = "declined"
    EXPIRED = "expired"
    """No word came while the preview held."""


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call. The arguments of a proposal are those that a confirmation runs."""

    id: str
    name: str
    arguments: dict[str, Any]
    status: CallStatus
    result: Any = None
    error: str | None = None


class ToolCalls(msgspec.Struct, frozen=True, kw_only=True):
    """What `messages.tool_calls` holds."""

    calls: list[ToolCall]


def calls_of(stored: Any) -> list[ToolCall]:
    """Return the calls of a message."""
    return msgspec.convert(stored, ToolCalls).calls if stored else []


def to_store(calls: Sequence[ToolCall]) -> dict[str, Any] | None:
    """Return what a message stores: null when there is no call."""
    return msgspec.to_builtins(ToolCalls(calls=list(calls))) if calls else None


def replaced(calls: Sequence[ToolCall], call: ToolCall) -> list[ToolCall]:
    """Return the calls with one of them in its new state."""
    return [call if each.id == call.id else each for each in calls]
