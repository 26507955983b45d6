"""Conversations and their messages."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from slipway.database.models import Conversation, Message
from slipway_api.assistant.calls import ToolCalls
from slipway_api.schemas.common import Body


class ConversationCreate(Body, frozen=True, kw_only=True):
    title: str | None = None


class ConversationUpdate(Body, frozen=True, kw_only=True):
    """An absent title stays as it is; null removes it."""

    title: str | None | UnsetType = UNSET


class ConversationRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    user_id: UUID
    title: str | None
    created_at: datetime
    updated_at: datetime


class MessageCreate(Body, frozen=True, kw_only=True):
    """What the user says. `confirm` or `decline` names a proposed call, and then needs no `content`."""

    content: str = ""
    role: Literal["user"] = "user"
    """A client speaks for the user only."""
    confirm: str | None = None
    decline: str | None = None


class MessageRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    conversation_id: UUID
    role: str
    content: str
    tool_calls: ToolCalls | None
    created_at: datetime


class MessagesAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """The user's message and the assistant's, in this order."""

    items: list[MessageRead]


def read_conversation(conversation: Conversation) -> ConversationRead:
    return msgspec.convert(conversation, ConversationRead, from_attributes=True)


def read_message(message: Message) -> MessageRead:
    fields: dict[str, Any] = {field.name: getattr(message, field.name) for field in msgspec.structs.fields(MessageRead)}
    return msgspec.convert(fields, MessageRead)
