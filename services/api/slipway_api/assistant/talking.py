"""Asking the model and calling its tools, until it has answered or a limit ends it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from slipway.database.queries import messages, previews
from slipway_api.assistant import running
from slipway_api.assistant.budget import total
from slipway_api.assistant.calls import calls_of
from slipway_api.assistant.chat import Turn, shown
from slipway_api.assistant.limits import STOPPED, Next, Spent, after_reply, before_asking, before_call
from slipway_api.assistant.model import Model, ModelFailed, Offered, Reply, Said
from slipway_api.assistant.recording import Begun, Record
from slipway_api.assistant.tools import EVERY
from slipway_api.assistant.tools.kinds import description, parameters
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps

HISTORY = 200
"""Messages that are read at most; the token budget cuts further."""
OFFERED = [Offered(name=tool.name, description=description(tool), parameters=parameters(tool)) for tool in EVERY]

Tell = Callable[[str, Any], None]
"""Tells who listens an event and its data."""


async def talk(deps: Deps, caller: Caller, begun: Begun, record: Record, tell: Tell) -> str:
    """Return all that the model says; what its tools do is in the record."""
    model = await deps.assistant.model()
    today, history = await _history(deps, caller, begun)
    talking = _Talk(deps, caller, record, tell)
    while True:
        question = shown(today, history, talking.so_far(), deps.assistant.limits)
        following = before_asking(deps.assistant.limits, talking.spent(), cost=total(question))
        if following is Next.ASK:
            reply = await talking.ask(model, question)
            following = after_reply(calls=len(reply.calls), text=reply.content)
            if following is Next.CALL:
                following = await talking.call(reply)
        if following is Next.SILENT:
            raise ModelFailed("the model answered nothing")
        if following is not Next.ASK:
            return talking.end(following)


async def _history(deps: Deps, caller: Caller, begun: Begun) -> tuple[datetime, list[Turn]]:
    """Return the time, and what was said up to the message that is answered. No connection is held while the model thinks."""
    async with deps.database.reading(caller.scope) as session:
        rows = await messages.latest(session, begun.conversation, limit=HISTORY, before=begun.position + 1)
        now = await previews.database_now(session)
    return now, [Turn(role=row.role, content=row.content, calls=tuple(calls_of(row.tool_calls))) for row in rows]


class _Talk:
    """What was said and spent so far."""

    def __init__(self, deps: Deps, caller: Caller, record: Record, tell: Tell) -> None:
        self._deps = deps
        self._caller = caller
        self._record = record
        self._tell = tell
        self._texts: list[str] = []
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._spent = Spent()

    def spent(self) -> Spent:
        return msgspec.structs.replace(self._spent, seconds=self._clock() - self._began)

    def so_far(self) -> Turn:
        return Turn(role="assistant", content="\n\n".join(self._texts), calls=tuple(self._record.calls))

    async def ask(self, model: Model, question: Sequence[Said]) -> Reply:
        """Return the model's reply; its text is told as it comes."""
        left = self._deps.assistant.limits.seconds - self.spent().seconds
        reply = await _reply(model, question, left, self._telling())
        said = Said(role="assistant", content=reply.content, calls=reply.calls)
        self._spent = msgspec.structs.replace(
            self._spent, steps=self._spent.steps + 1, tokens=self._spent.tokens + total([*question, said])
        )
        if reply.content.strip():
            self._texts.append(reply.content.strip())
        return reply

    async def call(self, reply: Reply) -> Next:
        """Call the tools that a reply asks for; return ASK, or the limit that was met."""
        for wanted in reply.calls:
            following = before_call(self._deps.assistant.limits, self.spent())
            if following is not Next.CALL:
                return following
            call = await running.run(self._deps, self._caller, wanted.name, wanted.arguments, self._record.add)
            self._record.took(call)
            self._tell("tool", call)
            self._spent = msgspec.structs.replace(self._spent, calls=self._spent.calls + 1)
        return Next.ASK

    def end(self, why: Next) -> str:
        """Return all that was said, and what ended it when that was a limit."""
        if why in STOPPED:
            self._telling()(STOPPED[why])
            self._texts.append(STOPPED[why])
        return "\n\n".join(self._texts)

    def _telling(self) -> Callable[[str], None]:
        """Return what tells pieces of the next text, set apart from those before it."""
        apart = "\n\n" if self._texts else ""

        def each(piece: str) -> None:
            nonlocal apart
            self._tell("delta", {"content": apart + piece})
            apart = ""

        return each


async def _reply(model: Model, question: Sequence[Said], seconds: float, tell: Callable[[str], None]) -> Reply:
    try:
        async with asyncio.timeout(seconds):
            async for piece in model.reply(question, OFFERED):
                if isinstance(piece, Reply):
                    return msgspec.structs.replace(piece, content=_clean(piece.content))
                tell(_clean(piece))
    except TimeoutError:
        raise ModelFailed("the model did not answer in time") from None
    raise ModelFailed("the model broke off")


def _clean(text: str) -> str:
    """Return text that the database can hold."""
    return text.replace("\0", "").encode(errors="replace").decode()
