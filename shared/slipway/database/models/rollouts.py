"""Upgrading all deployments of a product, in waves."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from slipway.database.models.base import Base, Json, PrimaryUuid, Timestamped, one_of
from slipway.domain.rollouts import ItemStatus, RolloutStatus


class Rollout(Timestamped, Base):
    __tablename__ = "rollout"

    id: Mapped[PrimaryUuid]
    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"))
    template_id: Mapped[UUID] = mapped_column(ForeignKey("product_template_version.id"))
    batch_size: Mapped[int]
    max_failures: Mapped[int]
    """It stops when more deployments than this have failed."""
    status: Mapped[str] = mapped_column(server_default=text("'running'"), default="running")
    actor_json: Mapped[Json]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("status", RolloutStatus),
        CheckConstraint("batch_size > 0 AND max_failures >= 0", name="bounds"),
        Index("uq_rollout_running", "product_id", unique=True, postgresql_where=text("status = 'running'")),
        Index("ix_rollout_page", "product_id", "created_at", "id"),
    )


class RolloutItem(Base):
    """One deployment of a rollout."""

    __tablename__ = "rollout_item"

    rollout_id: Mapped[UUID] = mapped_column(ForeignKey("rollout.id", ondelete="CASCADE"))
    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(server_default=text("'waiting'"), default="waiting")
    generation: Mapped[int | None] = mapped_column(BigInteger)
    """That the upgrade was accepted as."""
    error: Mapped[str | None]

    __table_args__ = (
        one_of("status", ItemStatus),
        PrimaryKeyConstraint("rollout_id", "deployment_id"),
        Index("ix_rollout_item_status", "rollout_id", "status"),
    )
