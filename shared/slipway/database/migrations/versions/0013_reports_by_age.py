"""Reports are found by their age, which forgetting asks for; nobody asks for those of a deployment"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_report_record_created_at", "report_record", ["created_at"])
    op.drop_index("ix_report_record_deployment_id", "report_record")


def downgrade() -> None:
    op.create_index("ix_report_record_deployment_id", "report_record", ["deployment_id"])
    op.drop_index("ix_report_record_created_at", "report_record")
