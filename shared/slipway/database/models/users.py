"""Users and what they may use."""

# Relationships name classes of modules that import this one: SQLAlchemy finds them by name.
# pyright: reportUndefinedVariable=false

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from slipway.database.models.base import Base, PrimaryUuid, Timestamped


class User(Timestamped, Base):
    __tablename__ = "users"

    id: Mapped[PrimaryUuid]
    email: Mapped[str]
    display_name: Mapped[str | None]
    password_hash: Mapped[str | None]
    """argon2id; null for users who sign in elsewhere."""
    is_admin: Mapped[bool] = mapped_column(server_default=false(), default=False)
    deleted_at: Mapped[datetime | None]

    deployments: Mapped[list["Deployment"]] = relationship(back_populates="user")  # noqa: F821
    tasks: Mapped[list["Task"]] = relationship(back_populates="user")  # noqa: F821
    conversations: Mapped[list["Conversation"]] = relationship(back_populates="user")  # noqa: F821

    __table_args__ = (
        CheckConstraint("length(email) BETWEEN 3 AND 320", name="email_length"),
        Index("uq_users_email_live", text("lower(email)"), unique=True, postgresql_where=text("deleted_at IS NULL")),
    )


class UserQuota(Timestamped, Base):
    """What an admin set for one user; a null field, or no row, means the installation's default."""

    __tablename__ = "user_quota"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    deployments: Mapped[int | None]
    cpu_milli: Mapped[int | None]
    memory_mib: Mapped[int | None]
    storage_gib: Mapped[int | None]
