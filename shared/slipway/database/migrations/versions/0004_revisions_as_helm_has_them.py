"""Each revision keeps the sealed secrets that it was made from; revisions that Helm has no more are forgotten"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "deployment_revision",
        sa.Column("secrets_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    )
    op.execute("GRANT DELETE ON deployment_revision TO slipway_scheduler")


def downgrade() -> None:
    op.execute("REVOKE DELETE ON deployment_revision FROM slipway_scheduler")
    op.drop_column("deployment_revision", "secrets_json")
