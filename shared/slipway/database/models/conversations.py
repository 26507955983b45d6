"""A user's conversations with the assistant, and their messages."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from slipway.database.models.base import Base, Created, PrimaryUuid, Timestamped, one_of
from slipway.database.models.users import User


class MessageRole(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class Conversation(Timestamped, Base):
    __tablename__ = "conversations"

    id: Mapped[PrimaryUuid]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    title: Mapped[str | None] = mapped_column(String(255))

    user: Mapped[User] = relationship(back_populates="conversations")
    messages: Mapped[list["Message"]] = relationship(
        back_populates="conversation", cascade="all, delete-orphan", passive_deletes=True, order_by="Message.seq"
    )

    __table_args__ = (Index("ix_conversations_user_page", "user_id", "created_at", "id"),)


class Message(Created, Base):
    __tablename__ = "messages"

    id: Mapped[PrimaryUuid]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    """Order of writing, stable under equal timestamps."""
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(50))
    content: Mapped[str]
    tool_calls: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))

    conversation: Mapped[Conversation] = relationship(back_populates="messages")

    __table_args__ = (
        one_of("role", MessageRole),
        Index("ix_messages_page", "conversation_id", "seq"),
    )


class ConversationTurn(Base):
    """Who answers in a conversation at the moment: one at a time, over all processes."""

    __tablename__ = "conversation_turn"

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    holder: Mapped[UUID]
    until: Mapped[datetime]
    """After this the holder has died, and the next may take the turn."""
