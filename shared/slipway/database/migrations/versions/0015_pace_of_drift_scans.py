"""How far each cluster's drift scans have come, for all schedulers together; quarantined jobs are found when they are over"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


JOBS = "deployment_reconcile_job"
OVER = "'succeeded', 'superseded', 'failed', 'cancelled'"


def upgrade() -> None:
    _index_what_is_over(f"{OVER}, 'quarantined'")
    op.add_column("cluster", sa.Column("drift_paced_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("cluster", "drift_paced_at")
    _index_what_is_over(OVER)


def _index_what_is_over(states: str) -> None:
    op.drop_index("ix_job_over", JOBS)
    op.create_index("ix_job_over", JOBS, ["status", "finished_at"], postgresql_where=sa.text(f"status IN ({states})"))
