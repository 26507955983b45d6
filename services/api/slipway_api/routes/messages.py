"""Messages of a conversation: the user's, and the assistant's answers, whole or as they come."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream

from slipway.database.queries import messages
from slipway_api.accepting import Answer, Idempotent, accepting, respond
from slipway_api.assistant.answering import answer
from slipway_api.assistant.recording import Begun
from slipway_api.auth.gate import Caller, caller_of
from slipway_api.deps import Deps
from slipway_api.operations import messages as operations
from slipway_api.operations.conversations import found
from slipway_api.problems import ApiError, invalid, problem_of, translated
from slipway_api.schemas.common import Empty, Page, limit_of
from slipway_api.schemas.conversations import MessageCreate, MessageRead, MessagesAnswered, read_message

Req = Request[Any, Any, Any]
STREAM = "text/event-stream"
KEEP_ALIVE_SEC = 15.0
ANSWERED = {201: ResponseSpec(MessagesAnswered, description="Your message, and the answer to it.")}
Events = asyncio.Queue[tuple[str, Any] | None]


@get("/conversations/{conversation_id:uuid}/messages", tags=["conversations"])
async def list_messages(
    conversation_id: FromPath[UUID],
    request: Req,
    deps: NamedDependency[Deps],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
    newest_first: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
) -> Page[MessageRead]:
    """List a conversation's messages in their order, or from the newest back."""
    caller = caller_of(request)
    async with deps.database.reading(caller.scope) as session:
        await found(session, caller, conversation_id)
        rows = await messages.page(
            session,
            conversation=conversation_id,
            after=_position(cursor),
            limit=limit_of(limit),
            newest_first=newest_first,
        )
    shown = rows[:limit]
    return Page(
        items=[read_message(row) for row in shown], next_cursor=str(shown[-1].seq) if len(rows) > limit else None
    )


@post("/conversations/{conversation_id:uuid}/messages", tags=["conversations"], status_code=201, responses=ANSWERED)
async def post_message(
    conversation_id: FromPath[UUID], data: JSONBody[MessageCreate], request: Req, deps: NamedDependency[Deps]
) -> Response[MessagesAnswered] | Stream:
    """Say something, confirm or decline a proposal. The answer comes whole, or streamed with `Accept: text/event-stream`:
    events `user`, `delta`, `tool` and, at last, `done` or `error`.
    """
    caller = caller_of(request)
    idempotent = Idempotent(request, caller, data)
    async with accepting(deps, caller, request) as session:
        if earlier := await idempotent.earlier(session):
            said = msgspec.json.decode(earlier.content, type=_Said).message
            begun = await operations.repeated(session, deps, caller, conversation_id, said)
        else:
            begun = await operations.say(session, deps, caller, conversation_id, data)
            await idempotent.keep(session, Answer(body=_Said(message=begun.asked.id), status=201))
    if isinstance(begun, MessagesAnswered):
        return respond(Answer(body=begun, status=201))
    answering = _start(deps, caller, begun)
    if begun.calls:
        await deps.wake()
    return await _answered(answering, request)


@post(
    "/conversations/{conversation_id:uuid}/messages/{message_id:uuid}/retry",
    tags=["conversations"],
    status_code=201,
    responses=ANSWERED,
)
async def retry_message(
    conversation_id: FromPath[UUID],
    message_id: FromPath[UUID],
    request: Req,
    deps: NamedDependency[Deps],
    data: JSONBody[Empty | None] = None,
) -> Response[MessagesAnswered] | Stream:
    """Answer your last message again: what was done for it is kept and not done twice. Streamed as the message itself."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        begun = await operations.again(session, deps, caller, conversation_id, message_id)
    return await _answered(_start(deps, caller, begun), request)


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What an Idempotency-Key keeps of a message."""

    message: UUID


class _Answering(msgspec.Struct, frozen=True, kw_only=True):
    """An answer under way, and what it tells; None is the end."""

    work: asyncio.Task[MessagesAnswered]
    events: Events


def _start(deps: Deps, caller: Caller, begun: Begun) -> _Answering:
    """Start to answer at once: a turn that is taken and that nobody works at would stay taken until its time is up."""
    events: Events = asyncio.Queue()
    telling = answer(deps, caller, begun, lambda name, data: events.put_nowait((name, data)))
    work = deps.assistant.start(caller.id, telling)
    work.add_done_callback(lambda _: events.put_nowait(None))
    return _Answering(work=work, events=events)


async def _answered(answering: _Answering, request: Req) -> Response[MessagesAnswered] | Stream:
    work = answering.work
    if STREAM not in request.headers.get("Accept", ""):
        return respond(Answer(body=await _whole(work), status=201))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(_lines(answering, request.url.path), media_type=STREAM, status_code=201, headers=headers)


async def _whole(work: asyncio.Task[MessagesAnswered]) -> MessagesAnswered:
    """Return the answer when it is there; 503 when the work was ended. A client that goes away ends the wait alone."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        if not work.cancelled():
            raise
        raise _stopping() from None


def _stopping() -> ApiError:
    return ApiError("unavailable", "the service is stopping: try again", retry_after=1)


async def _lines(answering: _Answering, path: str) -> AsyncIterator[bytes]:
    """Yield what happens. A client that goes away ends this, and not the work."""
    work, events = answering.work, answering.events
    while True:
        try:
            event = await asyncio.wait_for(events.get(), KEEP_ALIVE_SEC)
        except TimeoutError:
            yield b": still here\n\n"
            continue
        if event is None:
            break
        yield _line(*event)
    if work.cancelled():
        yield _line("error", problem_of(_stopping()))
        return
    error = work.exception()
    if error is None:
        yield _line("done", work.result())
    else:
        yield _line("error", problem_of(translated(error, path=path, method="POST")))


def _line(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


def _position(cursor: str | None) -> int | None:
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise invalid("/cursor", "is not a cursor that a page gave")
    return int(cursor)


HANDLERS = [list_messages, post_message, retry_message]
