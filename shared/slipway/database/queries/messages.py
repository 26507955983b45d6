"""Messages of a conversation, in the order of writing. The caller has found the conversation to be the user's."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.models import Message
from slipway.database.models.conversations import MessageRole
from slipway.identity import new_id


async def page(
    session: ReadSession, *, conversation: UUID, after: int | None, limit: int, newest_first: bool
) -> Sequence[Message]:
    """Return messages past one of them (its `seq`), one more than the limit."""
    statement = select(Message).where(Message.conversation_id == conversation)
    if after is not None:
        statement = statement.where(Message.seq < after if newest_first else Message.seq > after)
    order = Message.seq.desc() if newest_first else Message.seq
    return (await session.execute(statement.order_by(order).limit(limit + 1))).scalars().all()


async def latest(session: ReadSession, conversation: UUID, *, limit: int, before: int | None = None) -> list[Message]:
    """Return the last messages, or those before a `seq`, oldest first."""
    rows = await page(session, conversation=conversation, after=before, limit=limit, newest_first=True)
    return list(reversed(rows[:limit]))


async def get(session: ReadSession, *, conversation: UUID, message: UUID) -> Message | None:
    """Return a message as the database has it now."""
    statement = select(Message).where(Message.id == message, Message.conversation_id == conversation)
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()


async def following(session: ReadSession, message: Message) -> Sequence[Message]:
    """Return up to two messages that came after one."""
    return await page(
        session, conversation=message.conversation_id, after=message.seq, limit=1, newest_first=False
    )  # one more than the limit


async def with_calls(session: ReadSession, conversation: UUID, *, status: str) -> Sequence[Message]:
    """Return the messages that have a call of this status, oldest first."""
    found = Message.tool_calls.op("@>")({"calls": [{"status": status}]})
    statement = select(Message).where(Message.conversation_id == conversation, found).order_by(Message.seq)
    return (await session.execute(statement)).scalars().all()


async def add(
    session: WriteSession, *, conversation: UUID, role: MessageRole, content: str, tool_calls: Any = None
) -> Message:
    message = Message(
        id=new_id(), conversation_id=conversation, role=role.value, content=content, tool_calls=tool_calls
    )
    session.add(message)
    await session.flush()
    return message


async def change(session: WriteSession, message: Message, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(message, name, value)
        flag_modified(message, name)
    await session.flush()
