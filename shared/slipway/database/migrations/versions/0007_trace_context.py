"""Trace context of jobs; the scheduler may raise the epoch after a restore"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployment_reconcile_job", sa.Column("traceparent", sa.Text(), nullable=True))
    op.execute("GRANT UPDATE (epoch) ON installation TO slipway_scheduler")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (epoch) ON installation FROM slipway_scheduler")
    op.drop_column("deployment_reconcile_job", "traceparent")
