"""Each cluster's pace of drift scans, for all schedulers together; background work has no say in the queue's level; indexes"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


JOBS = "deployment_reconcile_job"
OVER = "'succeeded', 'superseded', 'failed', 'cancelled'"
WAITING = "'queued', 'delayed'"
IN_FLIGHT = "status IN ('leased', 'running')"


def upgrade() -> None:
    # Locks as a create takes them, here and on the way down: the cluster first, then the queue.
    op.add_column("cluster", sa.Column("drift_paced_at", sa.DateTime(timezone=True), nullable=True))
    _index("ix_job_over", ["status", "finished_at"], f"{OVER}, 'quarantined'")
    _index("ix_job_user_waiting", ["user_id", "priority", "queue_key"], WAITING)
    # A background job goes behind its user's changes, and may be leased before them: its place says how long their queue is.
    _level(f"{IN_FLIGHT} AND priority = 0")


def downgrade() -> None:
    op.drop_column("cluster", "drift_paced_at")
    _level(IN_FLIGHT)
    _index("ix_job_user_waiting", ["user_id", "queue_key"], WAITING)
    _index("ix_job_over", ["status", "finished_at"], OVER)


def _index(name: str, columns: list[str], states: str) -> None:
    op.drop_index(name, JOBS)
    op.create_index(name, JOBS, columns, postgresql_where=sa.text(f"status IN ({states})"))


def _level(jobs: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION queue_level() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER"
        " SET search_path = public, pg_temp AS"
        f" $$ SELECT coalesce(max(queue_key), 0) FROM {JOBS} WHERE {jobs} $$"
    )
