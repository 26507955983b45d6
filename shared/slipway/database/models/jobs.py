"""Reconcile jobs, those that have ended, their heartbeats, and the inbox of reports."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from slipway.database.models.base import EAGER_VACUUM, Base, Created, Json, PrimaryUuid, Timestamped, one_of
from slipway.database.models.deployments import Deployment
from slipway.domain.jobs import JobReason, JobStatus

FENCE_SEQUENCE = Sequence("job_fence", metadata=Base.metadata)
"""Every lease takes the next number: fences rise for each deployment for ever."""


class JobColumns(Timestamped):
    """What is known of a job, while it is in the queue and after."""

    user_id: Mapped[UUID]
    """The deployment's owner when it was queued: the fair queue's flow."""
    cluster: Mapped[str]
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'queued'"), default="queued")
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"), default=0)
    queue_key: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), default=0)
    """Start-time fair queueing: virtual start time of this job in its user's flow."""
    run_after: Mapped[datetime] = mapped_column(server_default=func.now())
    generation: Mapped[int] = mapped_column(BigInteger)
    """Newest asked for; stamped again at each lease."""
    attempt: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    lost: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    fence: Mapped[int | None] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    """Newest report applied for `fence`."""
    locked_by: Mapped[str | None]
    """The executor instance that claimed it (while running), or the dispatcher that leased it."""
    locked_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    queued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When the change that it carries was accepted."""
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    options: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)
    """What it does beside applying: see `domain.jobs.JobOption`. Wishes that meet in one waiting job unite theirs."""
    asked_json: Mapped[Json | None]
    """Who asked for it last and what they changed: `{actor, changes}`."""
    preview_id: Mapped[UUID | None]
    """The preview whose result is promised: another result is refused before the first write."""
    traceparent: Mapped[str | None]
    """W3C trace context of the newest wish that it carries."""
    last_error: Mapped[str | None]
    detail_json: Mapped[Json | None]
    """The failure's details and the last report's timings, for people who look."""


class DeploymentReconcileJob(JobColumns, Base):
    """One wish to bring a deployment's release in line. At most one waits and at most one is in flight per deployment."""

    __tablename__ = "deployment_reconcile_job"

    id: Mapped[PrimaryUuid]
    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"))
    finished_at: Mapped[datetime | None]

    deployment: Mapped[Deployment] = relationship(back_populates="reconcile_jobs")

    __table_args__ = (
        one_of("status", JobStatus),
        one_of("reason", JobReason),
        CheckConstraint("attempt >= 0 AND lost >= 0", name="counters"),
        Index("uq_job_waiting", "deployment_id", unique=True, postgresql_where=text("status IN ('queued', 'delayed')")),
        Index(
            "uq_job_in_flight", "deployment_id", unique=True, postgresql_where=text("status IN ('leased', 'running')")
        ),
        Index("ix_job_due", "cluster", "priority", "queue_key", "id", postgresql_where=text("status = 'queued'")),
        Index(
            "ix_job_user_waiting",
            "user_id",
            "priority",
            "queue_key",
            postgresql_where=text("status IN ('queued', 'delayed')"),
        ),
        Index("ix_job_level", "queue_key", postgresql_where=text("status IN ('leased', 'running') AND priority = 0")),
        Index("ix_job_delayed", "run_after", postgresql_where=text("status = 'delayed'")),
        Index("ix_job_leased", "locked_at", postgresql_where=text("status = 'leased'")),
        Index("ix_job_running", "cluster", "locked_by", postgresql_where=text("status = 'running'")),
        Index(
            "ix_job_preview",
            "preview_id",
            postgresql_where=text("preview_id IS NOT NULL AND status IN ('queued', 'delayed', 'leased', 'running')"),
        ),
        Index("ix_job_deployment_page", "deployment_id", "created_at", "id"),
        Index("ix_job_page", "created_at", "id"),
        Index(
            "ix_job_over",
            "status",
            "finished_at",
            postgresql_where=text("status IN ('succeeded', 'superseded', 'failed', 'cancelled', 'quarantined')"),
        ),
        {"postgresql_with": {"fillfactor": 70, **EAGER_VACUUM}},
    )


class JobHistory(JobColumns, Base):
    """Jobs that have ended and left the queue, a partition for each month: the queue's table stays as small as the queue."""

    __tablename__ = "job_history"

    id: Mapped[PrimaryUuid]
    deployment_id: Mapped[UUID]
    finished_at: Mapped[datetime] = mapped_column(primary_key=True)

    __table_args__ = (
        Index("ix_job_history_deployment_page", "deployment_id", "created_at", "id"),
        Index("ix_job_history_page", "created_at", "id"),
        {"postgresql_partition_by": "RANGE (finished_at)"},
    )


class JobLease(Base):
    """The heartbeat of a running job, kept off the wide row so that beats stay HOT updates."""

    __tablename__ = "job_lease"

    job_id: Mapped[UUID] = mapped_column(
        ForeignKey("deployment_reconcile_job.id", ondelete="CASCADE"), primary_key=True
    )
    fence: Mapped[int] = mapped_column(BigInteger)
    instance: Mapped[str]
    phase: Mapped[str]
    beat_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = ({"postgresql_with": {"fillfactor": 50, **EAGER_VACUUM}},)


class ReportRecord(Created, Base):
    """Inbox of reports: each `(job, fence, seq)` once, and whether it was applied."""

    __tablename__ = "report_record"

    job_id: Mapped[UUID]
    fence: Mapped[int] = mapped_column(BigInteger)
    seq: Mapped[int]
    deployment_id: Mapped[UUID]
    applied: Mapped[bool]
    note: Mapped[str | None]
    """Why it was ignored."""

    __table_args__ = (
        PrimaryKeyConstraint("job_id", "fence", "seq"),
        Index("ix_report_record_created_at", "created_at"),
    )
