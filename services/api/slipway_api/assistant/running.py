"""Running tool calls: what a model, or an MCP client, asks for in a user's name."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from slipway.database.engine import WriteSession
from slipway.domain.values import unstorable
from slipway.identity import new_id
from slipway_api.accepting import changing, tell_refused
from slipway_api.assistant.calls import CallStatus, ToolCall
from slipway_api.assistant.tools import BY_NAME
from slipway_api.assistant.tools.kinds import Changes, HasSecret, Looks, Tool, Writes
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.problems import AUDITED, ApiError, body_problems

Keep = Callable[[WriteSession, ToolCall], Awaitable[None]]
"""Writes a call into the record, in the transaction of what it did."""
METHOD = "TOOL"
LONGEST_ARGUMENTS = 256 * 1024


async def run(deps: Deps, caller: Caller, name: str, text: str | bytes, keep: Keep) -> ToolCall:
    """Run one call, or propose it; return it as it was kept. What is refused is a failed call that says why."""
    call = ToolCall(id=f"call_{new_id().hex}", name=name[:64].replace("\0", ""), arguments={}, status=CallStatus.FAILED)
    try:
        tool = _tool(name)
        arguments = _read(text)
        call = msgspec.structs.replace(call, arguments=arguments)
        asked = _checked(arguments, tool.takes)
        if isinstance(tool, Writes):
            async with changing(deps, caller, method=METHOD, path=name) as session:
                call = _done(call, await tool.run(session, caller, asked))
                await keep(session, call)
            return call
        call = await _looked(deps, caller, tool, call, asked)
    except HasSecret as error:
        call = msgspec.structs.replace(call, arguments=error.arguments, error=said(error))
    except ApiError as error:
        call = msgspec.structs.replace(call, error=said(error))
    async with deps.database.writing(caller.scope) as session:
        await keep(session, call)
    return call


async def accept(session: WriteSession, deps: Deps, caller: Caller, proposed: ToolCall) -> ToolCall:
    """Run what the user confirmed, with the stored arguments, in the transaction of their message."""
    call = ToolCall(
        id=f"call_{new_id().hex}", name=proposed.name, arguments=proposed.arguments, status=CallStatus.FAILED
    )
    try:
        tool = _tool(proposed.name)
        if not isinstance(tool, Changes):
            raise ApiError("invalid", f"{proposed.name} proposes nothing")
        async with session.begin_nested():
            asked = _checked(proposed.arguments, tool.accepts)
            deployment = await tool.accept(session, deps, caller, asked)
    except ApiError as error:
        if error.code in AUDITED:
            await tell_refused(session, caller, method=METHOD, path=proposed.name, code=error.code)
        return msgspec.structs.replace(call, error=said(error))
    told = "accepted; it is carried out now: deployment_status tells how far it is"
    return _done(call, {"deployment_id": deployment, "note": told})


def said(error: ApiError) -> str:
    """Return a refusal as one sentence, with the place of each fault."""
    faults = "; ".join(f"{each.pointer} {each.message}" for each in error.errors)
    return ": ".join(part for part in (error.code, error.detail, faults) if part)


async def _looked(deps: Deps, caller: Caller, tool: Looks | Changes, call: ToolCall, asked: Any) -> ToolCall:
    if isinstance(tool, Looks):
        return _done(call, await tool.run(deps, caller, asked))
    proposal = await tool.propose(deps, caller, asked)
    result = {"summary": proposal.summary, "expires_at": proposal.expires_at, "preview": proposal.preview}
    return msgspec.structs.replace(
        call, arguments=proposal.arguments, status=CallStatus.PROPOSED, result=msgspec.to_builtins(result)
    )


def _done(call: ToolCall, result: Any) -> ToolCall:
    return msgspec.structs.replace(call, status=CallStatus.DONE, result=msgspec.to_builtins(result))


def _tool(name: str) -> Tool:
    tool = BY_NAME.get(name)
    if tool is None:
        raise ApiError("not_found", f"there is no such tool; there are {', '.join(BY_NAME)}")
    return tool


def _read(text: str | bytes) -> dict[str, Any]:
    if len(text) > LONGEST_ARGUMENTS:
        raise ApiError("too_large", "the arguments are too long")
    try:
        arguments = msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ApiError("malformed", "the arguments are not valid JSON: send them again") from None
    if not isinstance(arguments, dict):
        raise ApiError("malformed", "the arguments are a JSON object")
    if any(unstorable(arguments)):
        raise ApiError("invalid", "the arguments hold a NUL character, which no text may have")
    return arguments


def _checked(arguments: dict[str, Any], kind: Any) -> Any:
    try:
        return msgspec.convert(arguments, kind)
    except msgspec.ValidationError as error:
        wrong = body_problems(arguments, kind)
        raise ApiError("invalid", "" if wrong else str(error), errors=wrong) from None
