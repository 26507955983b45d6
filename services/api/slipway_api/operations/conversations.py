"""Conversations: each is its owner's alone."""

from uuid import UUID

from msgspec import UNSET

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.models import Conversation
from slipway.database.queries import conversations
from slipway_api.auth.gate import Caller
from slipway_api.problems import invalid, not_found
from slipway_api.schemas.conversations import ConversationCreate, ConversationUpdate

LONGEST_TITLE = 255


async def found(session: ReadSession, caller: Caller, conversation: UUID) -> Conversation:
    """Return the caller's conversation; 404 when it is not theirs."""
    row = await conversations.get(session, user=caller.id, conversation=conversation)
    if row is None:
        raise not_found("conversation")
    return row


async def locked(session: WriteSession, caller: Caller, conversation: UUID) -> Conversation:
    """Lock and return the caller's conversation; 404 when it is not theirs."""
    row = await conversations.lock(session, user=caller.id, conversation=conversation)
    if row is None:
        raise not_found("conversation")
    return row


async def create(session: WriteSession, caller: Caller, body: ConversationCreate) -> Conversation:
    """Insert a conversation of the caller's."""
    return await conversations.add(session, user=caller.id, title=_title(body.title))


async def change(session: WriteSession, conversation: Conversation, body: ConversationUpdate) -> Conversation:
    """Write the title if it differs."""
    if body.title is UNSET:
        return conversation
    title = _title(body.title if isinstance(body.title, str) else None)
    if title != conversation.title:
        await conversations.change(session, conversation, title=title)
    return conversation


def _title(title: str | None) -> str | None:
    if title is None:
        return None
    if not 0 < len(title.strip()) <= LONGEST_TITLE:
        raise invalid("/title", f"has 1 to {LONGEST_TITLE} characters, or is null")
    return title.strip()
