"""Conversations with the assistant, whose answers come piece by piece."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient, refusal
from slipway.client.paging import everything
from slipway.client.sse import messages

QUIET_SEC = 60.0
"""While a model thinks, the server sends a sign of life every 15 s."""


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    title: str | None = None
    created_at: datetime
    updated_at: datetime


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the assistant did, or proposes to do: then it waits for `confirm` or `decline`."""

    id: str
    name: str
    arguments: dict[str, Any] | None = None
    status: str
    result: Any = None
    error: Any = None

    @property
    def summary(self) -> str:
        """A sentence for the person who decides."""
        told = self.result.get("summary") if isinstance(self.result, dict) else None
        return str(told or f"{self.name} {self.arguments or ''}".rstrip())


class ToolCalls(msgspec.Struct, frozen=True, kw_only=True):
    calls: list[ToolCall] = []


class Message(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    conversation_id: UUID
    role: str
    content: str
    tool_calls: ToolCalls | None = None
    created_at: datetime

    @property
    def waiting(self) -> list[ToolCall]:
        """The proposals that wait for a yes or no."""
        return [call for call in (self.tool_calls.calls if self.tool_calls else []) if call.status == "proposed"]


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an answer: `user`, `delta`, `tool` or `done`. An `error` is raised as Refused."""

    kind: str
    data: dict[str, Any]

    @property
    def text(self) -> str:
        return str(self.data.get("content", "")) if self.kind == "delta" else ""

    @property
    def messages(self) -> list[Message]:
        """The messages that the turn made, in `done`."""
        return msgspec.convert(self.data.get("items", []), list[Message]) if self.kind == "done" else []


class Conversations:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def messages(self, conversation: UUID) -> list[Message]:
        return await everything(self._http, f"/conversations/{conversation}/messages", Message)

    async def list(self) -> list[Conversation]:
        return await everything(self._http, "/conversations", Conversation)

    async def create(self, title: str | None = None) -> Conversation:
        return msgspec.convert(await self._http.create("/conversations", {"title": title}), Conversation)

    async def rename(self, conversation: UUID, title: str | None) -> Conversation:
        return msgspec.convert(await self._http.patch(f"/conversations/{conversation}", {"title": title}), Conversation)

    async def delete(self, conversation: UUID) -> None:
        await self._http.delete(f"/conversations/{conversation}")

    def say(self, conversation: UUID, content: str) -> AsyncGenerator[Piece]:
        """Send a message and yield the answer as it comes."""
        return self._answer(f"/conversations/{conversation}/messages", {"content": content})

    def retry(self, conversation: UUID, message: UUID) -> AsyncGenerator[Piece]:
        """Have the user's last message answered again; what was done for it is not done twice."""
        return self._answer(f"/conversations/{conversation}/messages/{message}/retry", {})

    def confirm(self, conversation: UUID, call: str) -> AsyncGenerator[Piece]:
        """Let a proposed call run, and yield what follows."""
        return self._answer(f"/conversations/{conversation}/messages", {"confirm": call})

    def decline(self, conversation: UUID, call: str) -> AsyncGenerator[Piece]:
        return self._answer(f"/conversations/{conversation}/messages", {"decline": call})

    async def _answer(self, path: str, body: dict[str, str]) -> AsyncGenerator[Piece]:
        headers = {"Accept": "text/event-stream"}
        async with self._http.stream("POST", path, body, headers, quiet_sec=QUIET_SEC) as answer:
            async for message in messages(answer.aiter_lines()):
                data = msgspec.json.decode(message.data, type=dict[str, Any])
                if message.event == "error":
                    raise refusal(data)
                yield Piece(kind=message.event, data=data)
