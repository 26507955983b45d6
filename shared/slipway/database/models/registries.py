"""Chart and image registries that want credentials."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from slipway.database.models.base import Base, PrimaryUuid, Timestamped


class Registry(Timestamped, Base):
    __tablename__ = "registry"

    id: Mapped[PrimaryUuid]
    host: Mapped[str]
    """With its port when it has one."""
    username: Mapped[str]
    image_pull: Mapped[bool] = mapped_column(server_default=true(), default=True)
    """Whether tenants' namespaces get the credentials, for their pods to pull images with."""
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("length(host) BETWEEN 1 AND 260", name="host_length"),
        Index("uq_registry_host_live", "host", unique=True, postgresql_where=text("deleted_at IS NULL")),
    )


class RegistryCredential(Timestamped, Base):
    """Name and password of a registry, sealed to one cluster's key."""

    __tablename__ = "registry_credential"

    registry_id: Mapped[UUID] = mapped_column(ForeignKey("registry.id", ondelete="CASCADE"))
    cluster: Mapped[str] = mapped_column(ForeignKey("cluster.name"))
    ciphertext: Mapped[str]

    __table_args__ = (PrimaryKeyConstraint("registry_id", "cluster"),)
