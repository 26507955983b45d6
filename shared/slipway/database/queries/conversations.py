"""A user's conversations, and whose turn it is to answer in them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete as delete_rows
from sqlalchemy import select, text

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.models import Conversation, ConversationTurn
from slipway.database.queries import pages
from slipway.database.queries.pages import Cursor
from slipway.identity import new_id

_TAKE_TURN = text(
    """
    INSERT INTO conversation_turn AS turn (conversation_id, holder, until)
    VALUES (:conversation, :holder, now() + make_interval(secs => :seconds))
    ON CONFLICT (conversation_id) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE turn.until < now()
    RETURNING holder
    """
)

_KEEP_TURN = text(
    "UPDATE conversation_turn SET until = now() + make_interval(secs => :seconds)"
    " WHERE conversation_id = :conversation AND holder = :holder"
)


async def get(session: ReadSession, *, user: UUID, conversation: UUID) -> Conversation | None:
    statement = select(Conversation).where(Conversation.id == conversation, Conversation.user_id == user)
    return (await session.execute(statement)).scalar_one_or_none()


async def lock(session: WriteSession, *, user: UUID, conversation: UUID) -> Conversation | None:
    """Lock and return the user's conversation: whoever writes messages or a decision does so one after the other."""
    statement = select(Conversation).where(Conversation.id == conversation, Conversation.user_id == user)
    return (await session.execute(statement.with_for_update(key_share=True))).scalar_one_or_none()


async def page(session: ReadSession, *, user: UUID, cursor: Cursor | None, limit: int) -> Sequence[Conversation]:
    statement = select(Conversation).where(Conversation.user_id == user)
    return (await session.execute(pages.page(statement, Conversation, cursor, limit))).scalars().all()


async def add(session: WriteSession, *, user: UUID, title: str | None) -> Conversation:
    conversation = Conversation(id=new_id(), user_id=user, title=title)
    session.add(conversation)
    await session.flush()
    return conversation


async def change(session: WriteSession, conversation: Conversation, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(conversation, name, value)
    await session.flush()
    await session.refresh(conversation)


async def delete(session: WriteSession, conversation: UUID) -> None:
    """Delete a conversation, and with it its messages."""
    await session.execute(delete_rows(Conversation).where(Conversation.id == conversation))


async def take_turn(session: WriteSession, conversation: UUID, holder: UUID, *, seconds: float) -> bool:
    """Take the turn to answer; False while another has it. A holder that died loses it after `seconds`."""
    values = {"conversation": conversation, "holder": holder, "seconds": seconds}
    return (await session.execute(_TAKE_TURN, values)).one_or_none() is not None


async def keep_turn(session: WriteSession, conversation: UUID, holder: UUID, *, seconds: float) -> None:
    """Hold the turn for so long from now, if it is still the holder's."""
    await session.execute(_KEEP_TURN, {"conversation": conversation, "holder": holder, "seconds": seconds})


async def has_turn(session: ReadSession, conversation: UUID, holder: UUID) -> bool:
    """Return whether the turn is still the holder's, however late it is."""
    mine = ConversationTurn.conversation_id == conversation, ConversationTurn.holder == holder
    return (await session.execute(select(ConversationTurn.holder).where(*mine))).one_or_none() is not None


async def end_turn(session: WriteSession, conversation: UUID, holder: UUID) -> None:
    """Give the turn back, if it is still the holder's."""
    mine = ConversationTurn.conversation_id == conversation, ConversationTurn.holder == holder
    await session.execute(delete_rows(ConversationTurn).where(*mine))
