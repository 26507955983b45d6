"""How far each cluster's drift scans have come, for all schedulers together"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cluster", sa.Column("drift_paced_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("cluster", "drift_paced_at")
