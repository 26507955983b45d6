"""What every table shares: naming of constraints, column types, timestamps kept by the database."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, MetaData, Text, func
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]
EAGER_VACUUM = {
    "autovacuum_vacuum_scale_factor": 0.01,
    "autovacuum_vacuum_threshold": 500,
    "autovacuum_analyze_scale_factor": 0.02,
    "autovacuum_analyze_threshold": 250,
}
"""Of tables whose rows change several times in a job: every pass of the scheduler meets what is dead in their indexes."""
PrimaryUuid = Annotated[UUID, mapped_column(postgresql.UUID(as_uuid=True), primary_key=True)]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        str: Text(),
        datetime: DateTime(timezone=True),
        Json: JSONB(none_as_null=True),
        UUID: postgresql.UUID(as_uuid=True),
    }


class Created:
    """`created_at`, set by the database."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Timestamped(Created):
    """`updated_at` too, moved by the trigger `touch_updated_at` on every update."""

    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Return a CHECK that the column holds one of the enum's values."""
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def dns_label(column: str, longest: int = 53) -> CheckConstraint:
    """Return a CHECK for a lower-case DNS label of at most `longest` characters (53 is Helm's limit for a release name)."""
    return CheckConstraint(
        f"{column} ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' AND length({column}) <= {longest}", name=f"{column}_label"
    )
