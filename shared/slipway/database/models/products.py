"""Products and their immutable template versions."""

# Relationships name classes of modules that import this one: SQLAlchemy finds them by name.
# pyright: reportUndefinedVariable=false

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from slipway.database.models.base import Base, Created, Json, PrimaryUuid


class Product(Created, Base):
    __tablename__ = "product"

    id: Mapped[PrimaryUuid]
    name: Mapped[str]
    slug: Mapped[str]
    description: Mapped[str | None]
    icon: Mapped[str | None]
    template_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("product_template_version.id", use_alter=True, name="fk_product_template_id")
    )
    """The current version; null when there is none or the current one was withdrawn."""
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]

    template: Mapped["ProductTemplateVersion | None"] = relationship(foreign_keys=[template_id], post_update=True)
    templates: Mapped[list["ProductTemplateVersion"]] = relationship(
        back_populates="product", foreign_keys="ProductTemplateVersion.product_id"
    )

    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 255", name="name_length"),
        CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' AND length(slug) <= 63", name="slug_label"),
        Index("uq_product_name_live", "name", unique=True, postgresql_where=text("deleted_at IS NULL")),
    )


class ProductTemplateVersion(Created, Base):
    """Immutable once created (a trigger refuses changes); `deleted_at` withdraws it."""

    __tablename__ = "product_template_version"

    id: Mapped[PrimaryUuid]
    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"), index=True)
    docker_image_url: Mapped[str | None]
    version_label: Mapped[str | None]
    package_type: Mapped[str] = mapped_column(server_default=text("'helm-chart'"), default="helm-chart")
    chart_ref: Mapped[str | None]
    chart_version: Mapped[str | None]
    chart_digest: Mapped[str | None] = mapped_column(index=True)
    default_values_json: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    values_schema_json: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    capabilities_json: Mapped[Json | None]
    health_timeout_sec: Mapped[int | None]
    """Seconds; null means 300."""
    deleted_at: Mapped[datetime | None]

    product: Mapped[Product] = relationship(back_populates="templates", foreign_keys=[product_id])
    deployments: Mapped[list["Deployment"]] = relationship(  # noqa: F821
        back_populates="template", foreign_keys="Deployment.desired_template_id"
    )

    __table_args__ = (
        CheckConstraint("package_type = 'helm-chart'", name="package_type"),
        CheckConstraint("health_timeout_sec > 0", name="health_timeout_positive"),
        CheckConstraint(
            "chart_ref IS NOT NULL OR docker_image_url IS NOT NULL OR chart_digest IS NOT NULL", name="has_source"
        ),
        CheckConstraint("chart_ref IS NULL OR chart_version IS NOT NULL", name="chart_has_version"),
        CheckConstraint("jsonb_typeof(default_values_json) = 'object'", name="default_values_object"),
        CheckConstraint("jsonb_typeof(values_schema_json) = 'object'", name="values_schema_object"),
        CheckConstraint("jsonb_typeof(capabilities_json) = 'object'", name="capabilities_object"),
    )
