"""Deployments and their history of revisions."""

# Relationships name classes of modules that import this one: SQLAlchemy finds them by name.
# pyright: reportUndefinedVariable=false

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from slipway.database.models.base import EAGER_VACUUM, Base, Created, Json, PrimaryUuid, Timestamped, dns_label, one_of
from slipway.database.models.products import ProductTemplateVersion
from slipway.database.models.users import User
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.failures import FailureClass


class Deployment(Timestamped, Base):
    """One namespace and one Helm release. `generation` counts accepted changes of what is wanted."""

    __tablename__ = "deployment"

    id: Mapped[PrimaryUuid]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    domain_name: Mapped[str]
    deployment_uid: Mapped[str]
    namespace_name: Mapped[str]
    release_name: Mapped[str]
    cluster: Mapped[str] = mapped_column(server_default=text("'local'"), default="local")
    desired_template_id: Mapped[UUID] = mapped_column(ForeignKey("product_template_version.id"), index=True)
    applied_template_id: Mapped[UUID | None] = mapped_column(ForeignKey("product_template_version.id"))
    user_values_json: Mapped[Json | None]
    status: Mapped[str] = mapped_column(server_default=text("'pending'"), default="pending")
    generation: Mapped[int] = mapped_column(BigInteger, server_default=text("1"), default=1)
    applied_generation: Mapped[int | None] = mapped_column(BigInteger)
    hold_generation: Mapped[int | None] = mapped_column(BigInteger)
    """Drift and sweep leave the deployment alone while this equals `generation` (cancel, terminal failure)."""
    event_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), default=0)
    """The last `deployment_seq` given to an outbox row of this deployment."""
    last_error: Mapped[str | None]
    failure_class: Mapped[str | None]
    last_reconcile_at: Mapped[datetime | None]
    suspended: Mapped[bool] = mapped_column(server_default=false(), default=False)
    drifted: Mapped[bool] = mapped_column(server_default=false(), default=False)
    drift_json: Mapped[Json | None]
    """What the last scan found: `{"objects": [{kind, name, fields}]}`."""
    scan_after: Mapped[datetime | None] = mapped_column(server_default=func.now())
    """When live objects are compared with the applied revision again; null until it is ready, and from a failure or its end on.

    The default is for an API of before this column could be null, while it is being replaced.
    """
    usage_json: Mapped[Json | None]
    """What the applied revision's objects ask for: `{cpu_milli, memory_mib, storage_gib}`; quotas count it."""
    expires_at: Mapped[datetime | None]
    expiry_warned_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    lease_forgotten_at: Mapped[datetime | None]
    """When its Kubernetes Lease was removed, a week after it was deleted."""

    user: Mapped[User] = relationship(back_populates="deployments")
    template: Mapped[ProductTemplateVersion] = relationship(
        back_populates="deployments", foreign_keys=[desired_template_id]
    )
    reconcile_jobs: Mapped[list["DeploymentReconcileJob"]] = relationship(back_populates="deployment")  # noqa: F821
    revisions: Mapped[list["DeploymentRevision"]] = relationship(back_populates="deployment")

    __table_args__ = (
        one_of("status", DeploymentStatus),
        one_of("failure_class", FailureClass),
        dns_label("deployment_uid"),
        dns_label("namespace_name"),
        dns_label("release_name"),
        dns_label("cluster", 63),
        CheckConstraint("generation > 0", name="generation_positive"),
        CheckConstraint("jsonb_typeof(user_values_json) = 'object'", name="user_values_object"),
        CheckConstraint("length(domain_name) BETWEEN 1 AND 253", name="domain_length"),
        UniqueConstraint("deployment_uid"),
        Index(
            "uq_deployment_domain_live",
            text("lower(domain_name)"),
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "uq_deployment_namespace",
            "cluster",
            "namespace_name",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_deployment_user_page", "user_id", "created_at", "id"),
        Index("ix_deployment_user_live", "user_id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_deployment_page", "created_at", "id"),
        # No index names the status, so that an update of it writes none.
        Index(
            "ix_deployment_scan",
            "cluster",
            "scan_after",
            postgresql_where=text("scan_after IS NOT NULL AND NOT suspended"),
        ),
        Index(
            "ix_deployment_kept_lease",
            "cluster",
            "deleted_at",
            postgresql_where=text("deleted_at IS NOT NULL AND lease_forgotten_at IS NULL"),
        ),
        Index(
            "ix_deployment_expiry",
            "expires_at",
            postgresql_where=text("expires_at IS NOT NULL AND deleted_at IS NULL"),
        ),
        {"postgresql_with": {"fillfactor": 70, **EAGER_VACUUM}},
    )


class DeploymentRevision(Created, Base):
    """One Helm revision that Slipway made, with what it was made from."""

    __tablename__ = "deployment_revision"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"))
    revision: Mapped[int]
    """Helm's own number."""
    generation: Mapped[int] = mapped_column(BigInteger)
    template_id: Mapped[UUID] = mapped_column(ForeignKey("product_template_version.id"), index=True)
    user_values_json: Mapped[Json | None]
    chart_digest: Mapped[str | None]
    digest: Mapped[str]
    """40 hex digits over chart identity and canonical values; the release carries it as label `slipway-digest`."""
    succeeded: Mapped[bool]
    job_id: Mapped[UUID]
    asked_json: Mapped[Json | None]
    """Who asked for it and what they changed: `{actor, changes}`."""
    secrets_json: Mapped[Json | None]
    """The sealed secrets that it was made from: ciphertexts by name."""

    deployment: Mapped[Deployment] = relationship(back_populates="revisions")

    __table_args__ = (UniqueConstraint("deployment_id", "revision"),)


class DeploymentSecret(Timestamped, Base):
    """A secret value of a deployment, sealed to its cluster's key: only an executor there can open it."""

    __tablename__ = "deployment_secret"

    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"))
    name: Mapped[str]
    """JSON pointer of the field in the user's values."""
    ciphertext: Mapped[str]
    """Sealed box in base64."""

    __table_args__ = (
        PrimaryKeyConstraint("deployment_id", "name"),
        CheckConstraint("length(ciphertext) <= 98304", name="ciphertext_length"),
    )
