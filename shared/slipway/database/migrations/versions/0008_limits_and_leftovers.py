"""Leases of deleted deployments are removed; credentials of a registry may be kept from tenants; archives go"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEPT_LEASE = "deleted_at IS NOT NULL AND lease_forgotten_at IS NULL"
PROMISED = "preview_id IS NOT NULL AND status IN ('queued', 'delayed', 'leased', 'running')"


def upgrade() -> None:
    op.add_column("deployment", sa.Column("lease_forgotten_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("registry", sa.Column("image_pull", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.create_index(
        "ix_deployment_kept_lease", "deployment", ["cluster", "deleted_at"], unique=False,
        postgresql_where=sa.text(KEPT_LEASE),
    )  # fmt: skip
    op.create_index("ix_product_template_version_chart_digest", "product_template_version", ["chart_digest"])
    op.create_index("ix_deployment_revision_template_id", "deployment_revision", ["template_id"])
    op.create_index("ix_job_preview", "deployment_reconcile_job", ["preview_id"], postgresql_where=sa.text(PROMISED))
    op.execute("GRANT DELETE ON chart_archive_part TO slipway_scheduler")


def downgrade() -> None:
    op.execute("REVOKE DELETE ON chart_archive_part FROM slipway_scheduler")
    op.drop_index("ix_job_preview", table_name="deployment_reconcile_job", postgresql_where=sa.text(PROMISED))
    op.drop_index("ix_deployment_revision_template_id", table_name="deployment_revision")
    op.drop_index("ix_product_template_version_chart_digest", table_name="product_template_version")
    op.drop_index(
        "ix_deployment_kept_lease", table_name="deployment",
        postgresql_where=sa.text(KEPT_LEASE),
    )  # fmt: skip
    op.drop_column("registry", "image_pull")
    op.drop_column("deployment", "lease_forgotten_at")
