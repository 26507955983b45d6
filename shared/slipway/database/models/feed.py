"""The outbox: audit trail and event feed in one, positioned without gaps in commit order."""

from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from slipway.database.models.base import Base, Created, Json


class OutboxEvent(Created, Base):
    """One public event, inserted in the transaction of what it tells. Insert-only, but for the stamp of its position."""

    __tablename__ = "outbox_event"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    type: Mapped[str]
    subject: Mapped[str | None]
    deployment_id: Mapped[UUID | None]
    deployment_seq: Mapped[int | None] = mapped_column(BigInteger)
    owner_id: Mapped[UUID | None]
    actor_json: Mapped[Json]
    data_json: Mapped[Json]
    epoch: Mapped[int | None]
    pos: Mapped[int | None] = mapped_column(BigInteger)
    """Null until the stamp step numbers it: gapless per epoch, in commit order."""

    __table_args__ = (
        Index("uq_outbox_pos", "epoch", "pos", unique=True),
        Index("ix_outbox_unstamped", "id", postgresql_where=text("pos IS NULL")),
        Index("ix_outbox_deployment", "deployment_id", "deployment_seq"),
        Index("ix_outbox_owner", "owner_id", "epoch", "pos"),
        CheckConstraint("(epoch IS NULL) = (pos IS NULL)", name="stamped_whole"),
    )


class Feed(Base):
    """One row: the last position given. Its row lock orders the stampers."""

    __tablename__ = "feed"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    pos: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))

    __table_args__ = (CheckConstraint("id = 1", name="single"),)


class Installation(Created, Base):
    """One row: who this installation is. `epoch` rises when PostgreSQL was restored to an earlier time."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    uid: Mapped[UUID]
    epoch: Mapped[int] = mapped_column(server_default=text("1"))

    __table_args__ = (CheckConstraint("id = 1", name="single"),)
