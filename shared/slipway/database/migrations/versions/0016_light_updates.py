"""An update of a deployment's status writes no index; the queue's level and a user's live deployments have their own; eager vacuum"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

EAGER = {
    "autovacuum_vacuum_scale_factor": 0.01,
    "autovacuum_vacuum_threshold": 500,
    "autovacuum_analyze_scale_factor": 0.02,
    "autovacuum_analyze_threshold": 250,
}
HOT = ("deployment", "deployment_reconcile_job", "job_lease")


def upgrade() -> None:
    # Locks as a create takes them, here and on the way down: deployments first, then the queue.
    op.alter_column("deployment", "scan_after", nullable=True)
    op.execute("UPDATE deployment SET scan_after = NULL WHERE status IN ('error', 'deleted')")
    _deployments(
        scan="scan_after IS NOT NULL AND NOT suspended", expiry="expires_at IS NOT NULL AND deleted_at IS NULL"
    )
    op.create_index(
        "ix_deployment_user_live", "deployment", ["user_id"], postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_index(
        "ix_job_level", "deployment_reconcile_job", ["queue_key"],
        postgresql_where=sa.text("status IN ('leased', 'running') AND priority = 0"),
    )  # fmt: skip
    for table in HOT:
        op.execute(f"ALTER TABLE {table} SET ({', '.join(f'{name} = {value}' for name, value in EAGER.items())})")


def downgrade() -> None:
    op.execute("UPDATE deployment SET scan_after = now() WHERE scan_after IS NULL")
    op.alter_column("deployment", "scan_after", nullable=False)
    _deployments(
        scan="status = 'ready' AND NOT suspended",
        expiry="expires_at IS NOT NULL AND status NOT IN ('deleting', 'deleted')",
    )
    op.drop_index("ix_deployment_user_live", "deployment")
    op.drop_index("ix_job_level", "deployment_reconcile_job")
    for table in HOT:
        op.execute(f"ALTER TABLE {table} RESET ({', '.join(EAGER)})")


def _deployments(*, scan: str, expiry: str) -> None:
    for name, columns, where in (("scan", ["cluster", "scan_after"], scan), ("expiry", ["expires_at"], expiry)):
        op.drop_index(f"ix_deployment_{name}", "deployment")
        op.create_index(f"ix_deployment_{name}", "deployment", columns, postgresql_where=sa.text(where))
