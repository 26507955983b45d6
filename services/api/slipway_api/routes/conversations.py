"""Conversations."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from slipway.database.models import Conversation
from slipway.database.queries import conversations
from slipway_api.accepting import Answer, Idempotent, accepting, require_match, respond
from slipway_api.auth.gate import caller_of
from slipway_api.deps import Deps
from slipway_api.operations import conversations as operations
from slipway_api.routes.etags import etag_of
from slipway_api.schemas.common import Page, cursor_of, limit_of, page_of
from slipway_api.schemas.conversations import (
    ConversationCreate,
    ConversationRead,
    ConversationUpdate,
    read_conversation,
)

Req = Request[Any, Any, Any]


def _answer(conversation: Conversation, status: int = 200) -> Answer:
    location = f"/api/v1/conversations/{conversation.id}" if status == 201 else None
    etag = etag_of(conversation.updated_at)
    return Answer(body=read_conversation(conversation), status=status, location=location, etag=etag)


@get("/conversations", tags=["conversations"])
async def list_conversations(
    request: Req, deps: NamedDependency[Deps], cursor: FromQuery[str | None] = None, limit: FromQuery[int] = 50
) -> Page[ConversationRead]:
    """List your conversations, newest first."""
    caller = caller_of(request)
    async with deps.database.reading(caller.scope) as session:
        rows = await conversations.page(session, user=caller.id, cursor=cursor_of(cursor), limit=limit_of(limit))
    return page_of(rows, limit, read_conversation)


@post("/conversations", tags=["conversations"])
async def create_conversation(
    data: JSONBody[ConversationCreate], request: Req, deps: NamedDependency[Deps]
) -> Response[ConversationRead]:
    """Begin a conversation. Without a title it takes the beginning of the first message."""
    caller = caller_of(request)
    idempotent = Idempotent(request, caller, data)
    async with accepting(deps, caller, request) as session:
        if earlier := await idempotent.earlier(session):
            return earlier
        return await idempotent.keep(session, _answer(await operations.create(session, caller, data), 201))


@get("/conversations/{conversation_id:uuid}", tags=["conversations"])
async def get_conversation(
    conversation_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]
) -> Response[ConversationRead]:
    """Return one conversation, without its messages."""
    caller = caller_of(request)
    async with deps.database.reading(caller.scope) as session:
        return respond(_answer(await operations.found(session, caller, conversation_id)))


@patch("/conversations/{conversation_id:uuid}", tags=["conversations"])
async def change_conversation(
    conversation_id: FromPath[UUID], data: JSONBody[ConversationUpdate], request: Req, deps: NamedDependency[Deps]
) -> Response[ConversationRead]:
    """Change the title."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        conversation = await operations.locked(session, caller, conversation_id)
        require_match(request, etag_of(conversation.updated_at))
        return respond(_answer(await operations.change(session, conversation, data)))


@delete("/conversations/{conversation_id:uuid}", tags=["conversations"])
async def delete_conversation(conversation_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> None:
    """Delete a conversation with all its messages."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        conversation = await operations.locked(session, caller, conversation_id)
        require_match(request, etag_of(conversation.updated_at))
        await conversations.delete(session, conversation.id)


HANDLERS = [
    list_conversations, create_conversation, get_conversation, change_conversation, delete_conversation,
]  # fmt: skip
