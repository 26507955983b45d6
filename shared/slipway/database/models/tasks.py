"""A user's tasks."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from slipway.database.models.base import Base, PrimaryUuid, Timestamped
from slipway.database.models.users import User


class Task(Timestamped, Base):
    __tablename__ = "tasks"

    id: Mapped[PrimaryUuid]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    is_completed: Mapped[bool] = mapped_column(server_default=false(), default=False)

    user: Mapped[User] = relationship(back_populates="tasks")

    __table_args__ = (
        CheckConstraint("length(btrim(title)) BETWEEN 1 AND 255", name="title_length"),
        Index("ix_tasks_user_page", "user_id", "created_at", "id"),
        Index("ix_tasks_completion_page", "user_id", "is_completed", "created_at", "id"),
    )
