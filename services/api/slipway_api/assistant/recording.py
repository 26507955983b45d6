"""The record of a turn: the user's message, the proposals that it answers, and the assistant's message as it grows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from slipway.database.engine import WriteSession
from slipway.database.models import Message
from slipway.database.models.conversations import MessageRole
from slipway.database.queries import conversations, messages, previews
from slipway_api.assistant.calls import CallStatus, ToolCall, calls_of, replaced, to_store
from slipway_api.auth.gate import Caller
from slipway_api.problems import ApiError, not_found
from slipway_api.schemas.conversations import MessageRead


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A turn that this process has taken."""

    conversation: UUID
    holder: UUID
    asked: MessageRead
    position: int
    """`seq` of the asked message."""
    answer: UUID | None = None
    """The assistant's message, when there is one already."""
    calls: tuple[ToolCall, ...] = ()
    fixed: str = ""
    """What to answer where no model is configured: a decision needs none."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A proposed call that waits for the user's word, and the message that has it."""

    call: ToolCall
    message: UUID


async def waiting(session: WriteSession, conversation: UUID) -> list[Waiting]:
    """Return the proposals that wait, oldest first; those whose time is over are marked so."""
    now = await previews.database_now(session)
    found: list[Waiting] = []
    for message in await messages.with_calls(session, conversation, status=CallStatus.PROPOSED.value):
        calls = calls_of(message.tool_calls)
        for call in (each for each in calls if each.status is CallStatus.PROPOSED):
            if _expires(call) <= now:
                calls = replaced(calls, msgspec.structs.replace(call, status=CallStatus.EXPIRED))
            else:
                found.append(Waiting(call=call, message=message.id))
        if calls != calls_of(message.tool_calls):
            await messages.change(session, message, tool_calls=to_store(calls))
    return found


async def decide(
    session: WriteSession, conversation: UUID, waiting: Waiting, status: CallStatus, error: str | None = None
) -> None:
    """Write what became of a proposal."""
    message = await messages.get(session, conversation=conversation, message=waiting.message)
    if message is not None:
        call = msgspec.structs.replace(waiting.call, status=status, error=error)
        calls = replaced(calls_of(message.tool_calls), call)
        await messages.change(session, message, tool_calls=to_store(calls))


class Record:
    """The assistant's message of one turn. It comes into being with its first call, or with the answer.

    Nothing is written once the turn is another's: a process that stood still must not put back what was decided meanwhile.
    """

    def __init__(self, caller: Caller, turn: Begun) -> None:
        self._caller = caller
        self._conversation = turn.conversation
        self._holder = turn.holder
        self._message = turn.answer
        self.calls = list(turn.calls)

    async def add(self, session: WriteSession, call: ToolCall) -> None:
        """Write one more call; it counts once its transaction is committed, see `took`."""
        await self._write(session, [*self.calls, call], None)

    def took(self, call: ToolCall) -> None:
        self.calls.append(call)

    async def finish(self, session: WriteSession, content: str) -> Message:
        """Write the answer."""
        return await self._write(session, self.calls, content)

    async def _write(self, session: WriteSession, calls: Sequence[ToolCall], content: str | None) -> Message:
        found = await conversations.lock(session, user=self._caller.id, conversation=self._conversation)
        if found is None:
            raise not_found("conversation: it was deleted meanwhile")
        if not await conversations.has_turn(session, self._conversation, self._holder):
            raise ApiError(
                "unavailable", "this took too long, and another answer has begun here: read it", retry_after=1
            )
        stored: dict[str, Any] = {"tool_calls": to_store(calls)}
        if content is not None:
            stored["content"] = content
        message = None
        if self._message is not None:
            message = await messages.get(session, conversation=self._conversation, message=self._message)
        if message is None:
            stored = {"content": "", **stored}
            message = await messages.add(session, conversation=self._conversation, role=MessageRole.ASSISTANT, **stored)
            self._message = message.id
            return message
        await messages.change(session, message, **stored)
        return message


def _expires(call: ToolCall) -> datetime:
    return msgspec.convert(call.result["expires_at"], datetime)
