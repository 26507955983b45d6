"""What the assistant needs of a language model."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal, Protocol

import msgspec


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A tool call that the model asks for; `arguments` are what it wrote, JSON or not."""

    id: str
    name: str
    arguments: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of what the model is shown."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    calls: tuple[Wanted, ...] = ()
    """Of the assistant."""
    answers: str = ""
    """Of a tool: the id of the call."""


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as the model sees it."""

    name: str
    description: str
    parameters: dict[str, Any]
    """A JSON Schema."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The end of what a model said: all of its text, and the calls that it asks for."""

    content: str
    calls: tuple[Wanted, ...] = ()


class ModelFailed(Exception):
    """The model did not answer, or not in its protocol. The message is fit for users: it names no address and no key."""


class Model(Protocol):
    def reply(self, shown: Sequence[Said], offered: Sequence[Offered]) -> AsyncIterator[str | Reply]:
        """Yield text as it comes, and the whole reply at last. ModelFailed when there is none."""
        ...

    async def close(self) -> None: ...
