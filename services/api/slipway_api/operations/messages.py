"""What a user says in a conversation, and whether it decides on a proposal. How it is answered: `assistant.answering`."""

from typing import Any
from uuid import UUID

import msgspec

from slipway.database.engine import WriteSession
from slipway.database.models import Message
from slipway.database.models.conversations import MessageRole
from slipway.database.queries import conversations, messages
from slipway.identity import new_id
from slipway_api.assistant import running
from slipway_api.assistant.assistant import RETRY_SEC, not_configured
from slipway_api.assistant.calls import CallStatus, ToolCall, calls_of, to_store
from slipway_api.assistant.limits import TURN_SEC
from slipway_api.assistant.proposals import Meaning, NotOpen, Word, meaning
from slipway_api.assistant.recording import Begun, Waiting, decide, waiting
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations.conversations import locked
from slipway_api.problems import ApiError, invalid, not_found
from slipway_api.schemas.conversations import MessageCreate, MessagesAnswered, read_message

LONGEST = 32_000
SUMMARY = 300
TITLE = 80


async def say(session: WriteSession, deps: Deps, caller: Caller, conversation: UUID, body: MessageCreate) -> Begun:
    """Store the user's message, do what it confirms, and take the turn to answer it."""
    here = await locked(session, caller, conversation)
    _check(body)
    open_calls = await waiting(session, conversation)
    before = await messages.latest(session, conversation, limit=1)
    meant = meaning(
        body.content,
        confirm=body.confirm,
        decline=body.decline,
        waiting=[each.call.id for each in open_calls],
        just_asked=[each.call.id for each in open_calls if each.message in [message.id for message in before]],
    )
    if isinstance(meant, NotOpen):
        raise await _not_open(session, conversation, meant)
    if meant is None and not deps.assistant.is_configured:
        raise not_configured()
    holder = await _take_turn(session, deps, caller, conversation)
    chosen = next((each for each in open_calls if meant and each.call.id == meant.call), None)
    content = body.content.strip() or _sentence(meant, chosen)
    asked = await messages.add(session, conversation=conversation, role=MessageRole.USER, content=content)
    if here.title is None and not before:
        await conversations.change(session, here, title=_title(content))
    begun = Begun(conversation=conversation, holder=holder, asked=read_message(asked), position=asked.seq)
    if meant is None or chosen is None:
        return begun
    return await _decided(session, deps, caller, begun, meant, chosen)


async def again(session: WriteSession, deps: Deps, caller: Caller, conversation: UUID, message: UUID) -> Begun:
    """Take the turn to answer the last message of the user once more, going on from what was done for it."""
    await locked(session, caller, conversation)
    asked = await messages.get(session, conversation=conversation, message=message)
    if asked is None:
        raise not_found("message")
    if asked.role != MessageRole.USER.value:
        raise invalid("/message_id", "is a message of the assistant: retry the user's message that it answers")
    if not deps.assistant.is_configured:
        raise not_configured()
    answer = await answer_of(session, asked)
    holder = await _take_turn(session, deps, caller, conversation)
    return Begun(
        conversation=conversation,
        holder=holder,
        asked=read_message(asked),
        position=asked.seq,
        answer=answer.id if answer else None,
        calls=tuple(calls_of(answer.tool_calls)) if answer else (),
    )


async def repeated(
    session: WriteSession, deps: Deps, caller: Caller, conversation: UUID, message: UUID
) -> Begun | MessagesAnswered:
    """Return the answer that a message has by now; take the turn to answer it when it has none."""
    await locked(session, caller, conversation)
    asked = await messages.get(session, conversation=conversation, message=message)
    following = await messages.following(session, asked) if asked else ()
    if asked and following and following[0].content and following[0].role == MessageRole.ASSISTANT.value:
        return MessagesAnswered(items=[read_message(asked), read_message(following[0])])
    return await again(session, deps, caller, conversation, message)


async def answer_of(session: WriteSession, asked: Message) -> Message | None:
    """Return the answer to the last message of the user, finished or not; 409 when the conversation went on."""
    following = await messages.following(session, asked)
    if len(following) > 1 or any(each.role == MessageRole.USER.value for each in following):
        raise ApiError("conflict", "the conversation went on since: only its last message can be answered again")
    return following[0] if following else None


async def _decided(
    session: WriteSession, deps: Deps, caller: Caller, begun: Begun, meant: Meaning, chosen: Waiting
) -> Begun:
    summary = str(chosen.call.result.get("summary", chosen.call.name))
    if meant.word is Word.DECLINE:
        await decide(session, begun.conversation, chosen, CallStatus.DECLINED)
        return msgspec.structs.replace(begun, fixed=f"Declined, nothing was done: {summary}")
    acting = msgspec.structs.replace(caller, via="assistant")
    ran = await running.accept(session, deps, acting, chosen.call)
    refused = ran.status is CallStatus.FAILED
    became = CallStatus.FAILED if refused else CallStatus.CONFIRMED
    await decide(session, begun.conversation, chosen, became, ran.error)
    answer = await _begin_answer(session, begun.conversation, ran)
    fixed = f"Refused, nothing was done: {ran.error}" if refused else f"Accepted: {summary}"
    return msgspec.structs.replace(begun, answer=answer, calls=(ran,), fixed=fixed)


async def _begin_answer(session: WriteSession, conversation: UUID, ran: ToolCall) -> UUID:
    stored: Any = to_store([ran])
    answer = await messages.add(
        session, conversation=conversation, role=MessageRole.ASSISTANT, content="", tool_calls=stored
    )
    return answer.id


async def _take_turn(session: WriteSession, deps: Deps, caller: Caller, conversation: UUID) -> UUID:
    deps.assistant.check_room(caller.id)
    holder = new_id()
    if not await conversations.take_turn(session, conversation, holder, seconds=TURN_SEC):
        raise ApiError("answering", "the assistant is still answering here: wait for it", retry_after=RETRY_SEC)
    return holder


async def _not_open(session: WriteSession, conversation: UUID, meant: NotOpen) -> ApiError:
    for status in CallStatus:
        for message in await messages.with_calls(session, conversation, status=status.value):
            if any(call.id == meant.call for call in calls_of(message.tool_calls)):
                return ApiError("proposal_closed", "this call does not wait for a word any more: ask for it again")
    return invalid(meant.field, "is the id of no proposed call of this conversation")


def _sentence(meant: Meaning | None, chosen: Waiting | None) -> str:
    word = "Yes" if meant and meant.word is Word.CONFIRM else "No"
    return f"{word}: {str(chosen.call.result.get('summary', ''))[:SUMMARY]}" if chosen else word


def _title(content: str) -> str:
    """Return the beginning of what was said first: a list of conversations without titles tells nothing."""
    first = " ".join(content.split())
    return first if len(first) <= TITLE else f"{first[: TITLE - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def _check(body: MessageCreate) -> None:
    if body.confirm is not None and body.decline is not None:
        raise invalid("/decline", "give either confirm or decline")
    if not body.content.strip() and body.confirm is None and body.decline is None:
        raise invalid("/content", "says nothing")
    if len(body.content) > LONGEST:
        raise invalid("/content", f"has at most {LONGEST} characters")
