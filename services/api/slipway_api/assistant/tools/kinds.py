"""The three kinds of tools: those that look, those that write the user's own tasks, those that propose a change."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from slipway.database.engine import WriteSession
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.problems import ApiError
from slipway_api.schemas.common import Body


class Looks(msgspec.Struct, frozen=True, kw_only=True):
    """Changes nothing, and opens what it needs by itself: it may wait for an executor."""

    name: str
    takes: type[Body]
    run: Callable[[Deps, Caller, Any], Awaitable[Any]]


class Writes(msgspec.Struct, frozen=True, kw_only=True):
    """Changes what is the user's alone and easily set right, in the transaction that it is given."""

    name: str
    takes: type[Body]
    run: Callable[[WriteSession, Caller, Any], Awaitable[Any]]


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What a change would do, for the user to decide."""

    arguments: dict[str, Any]
    """What a confirmation runs."""
    summary: str
    """A sentence for people."""
    expires_at: datetime
    preview: Any = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Would change a deployment: `propose` says what it would do, `accept` does it once the user has said yes."""

    name: str
    takes: type[Body]
    propose: Callable[[Deps, Caller, Any], Awaitable[Proposal]]
    accepts: type[Body]
    """The arguments of a proposal."""
    accept: Callable[[WriteSession, Deps, Caller, Any], Awaitable[UUID]]
    """Returns the deployment."""


Tool = Looks | Writes | Changes


class HasSecret(ApiError):
    """A secret was given where the record of the conversation would keep it. `arguments` are without it."""

    def __init__(self, error: ApiError, arguments: dict[str, Any]) -> None:
        super().__init__(error.code, error.detail, errors=error.errors)
        self.arguments = arguments


def description(tool: Tool) -> str:
    """Return what the tool says of itself: the docstring of its arguments."""
    return " ".join((tool.takes.__doc__ or "").split())


def parameters(tool: Tool) -> dict[str, Any]:
    """Return the JSON Schema of its arguments, in one piece."""
    schema = msgspec.json.schema(tool.takes)
    definitions = schema.pop("$defs")
    own: dict[str, Any] = definitions.pop(schema["$ref"].rpartition("/")[2])
    own.pop("title", None)
    own.pop("description", None)
    return {**own, **({"$defs": definitions} if definitions else {})}
