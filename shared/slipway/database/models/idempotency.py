"""Answers kept for 24 h, so that a repeated request is the same request."""

from uuid import UUID

from sqlalchemy import Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped

from slipway.database.models.base import Base, Created


class IdempotencyRecord(Created, Base):
    """One creating call of a user under a key: the hash of what was asked and the answer that was given."""

    __tablename__ = "idempotency_record"

    user_id: Mapped[UUID]
    key: Mapped[str]
    request_hash: Mapped[str]
    """SHA-256 over method, path and canonical body."""
    status_code: Mapped[int]
    location: Mapped[str | None]
    body: Mapped[bytes]

    __table_args__ = (PrimaryKeyConstraint("user_id", "key"), Index("ix_idempotency_created", "created_at"))
