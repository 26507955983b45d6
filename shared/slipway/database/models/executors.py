"""Clusters, and the executors seen in them."""

from datetime import datetime

from sqlalchemy import Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from slipway.database.models.base import Base, Created, dns_label


class Cluster(Created, Base):
    __tablename__ = "cluster"

    name: Mapped[str] = mapped_column(primary_key=True)
    display_name: Mapped[str | None]
    public_key: Mapped[str | None]
    """Base64 of the X25519 key that secrets for this cluster are sealed to; its executors tell it."""
    deleted_at: Mapped[datetime | None]
    drift_paced_at: Mapped[datetime | None]
    """Up to when its share of drift scans is used up: what schedulers take together is counted here."""

    __table_args__ = (dns_label("name", 63),)


class Executor(Base):
    """One executor process, as its beats tell. Capacity counts those seen in the last 15 s."""

    __tablename__ = "executor"

    instance: Mapped[str] = mapped_column(primary_key=True)
    cluster: Mapped[str]
    slots: Mapped[int]
    free: Mapped[int]
    version: Mapped[str]
    majors: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=text("'{1}'"))
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ix_executor_seen", "cluster", "seen_at"),)
