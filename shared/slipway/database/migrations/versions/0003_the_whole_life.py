"""Previews, rollouts, drift, secrets, chart archives, registries"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CREATED = ("chart_archive_part", "deployment_secret", "preview", "registry", "registry_credential", "rollout")
TOUCHED = ("deployment_secret", "registry", "registry_credential", "rollout")
TABLES = (*CREATED, "rollout_item")
GRANTS = {
    "slipway_api": {
        "SELECT": TABLES,
        "INSERT": ("deployment_secret", "preview", "registry", "registry_credential", "rollout", "rollout_item"),
        "UPDATE": ("deployment_secret", "registry", "registry_credential", "rollout"),
        "DELETE": ("deployment_secret", "registry_credential"),
    },
    "slipway_scheduler": {
        "SELECT": TABLES,
        "INSERT": ("chart_archive_part",),
        "UPDATE": ("rollout", "rollout_item", "cluster"),
        "DELETE": ("deployment_secret", "preview"),
    },
}

_USER = "nullif(current_setting('slipway.user_id', true), '')::uuid"
_ADMIN = "current_setting('slipway.is_admin', true) = 'on'"
OWN_ROWS = {
    "preview": f"user_id = {_USER}",
    "deployment_secret": "EXISTS (SELECT FROM deployment d WHERE d.id = deployment_id)",  # that one has its own policy
    "rollout": _ADMIN,
    "rollout_item": _ADMIN,
}


def upgrade() -> None:
    op.create_table(
        "chart_archive_part",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "number >= 0 AND number < total AND total <= 64", name=op.f("ck_chart_archive_part_numbered")
        ),
        sa.CheckConstraint("octet_length(content) <= 524288", name=op.f("ck_chart_archive_part_content_length")),
        sa.PrimaryKeyConstraint("digest", "number", name=op.f("pk_chart_archive_part")),
    )
    op.create_table(
        "registry",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("length(host) BETWEEN 1 AND 260", name=op.f("ck_registry_host_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry")),
    )
    op.create_index(
        "uq_registry_host_live", "registry", ["host"], unique=True, postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_table(
        "registry_credential",
        sa.Column("registry_id", sa.UUID(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("ciphertext", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["cluster"], ["cluster.name"], name=op.f("fk_registry_credential_cluster")),
        sa.ForeignKeyConstraint(
            ["registry_id"], ["registry.id"], name=op.f("fk_registry_credential_registry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("registry_id", "cluster", name=op.f("pk_registry_credential")),
    )
    op.create_table(
        "rollout",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("template_id", sa.UUID(), nullable=False),
        sa.Column("batch_size", sa.Integer(), nullable=False),
        sa.Column("max_failures", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        sa.Column("actor_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('running', 'succeeded', 'stopped')", name=op.f("ck_rollout_status")),
        sa.CheckConstraint("batch_size > 0 AND max_failures >= 0", name=op.f("ck_rollout_bounds")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_rollout_product_id")),
        sa.ForeignKeyConstraint(["template_id"], ["product_template_version.id"], name=op.f("fk_rollout_template_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollout")),
    )
    op.create_index("ix_rollout_page", "rollout", ["product_id", "created_at", "id"], unique=False)
    op.create_index(
        "uq_rollout_running", "rollout", ["product_id"], unique=True, postgresql_where=sa.text("status = 'running'")
    )
    op.create_table(
        "deployment_secret",
        sa.Column("deployment_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ciphertext", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("length(ciphertext) <= 98304", name=op.f("ck_deployment_secret_ciphertext_length")),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_deployment_secret_deployment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("deployment_id", "name", name=op.f("pk_deployment_secret")),
    )
    op.create_table(
        "preview",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("deployment_id", sa.UUID(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("rendered", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_preview_deployment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_preview_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preview")),
    )
    op.create_index("ix_preview_expiry", "preview", ["expires_at"], unique=False)
    op.create_table(
        "rollout_item",
        sa.Column("rollout_id", sa.UUID(), nullable=False),
        sa.Column("deployment_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'running', 'succeeded', 'failed', 'skipped')", name=op.f("ck_rollout_item_status")
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_rollout_item_deployment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["rollout.id"], name=op.f("fk_rollout_item_rollout_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("rollout_id", "deployment_id", name=op.f("pk_rollout_item")),
    )
    op.create_index("ix_rollout_item_status", "rollout_item", ["rollout_id", "status"], unique=False)
    op.add_column("cluster", sa.Column("public_key", sa.Text(), nullable=True))
    op.add_column(
        "deployment", sa.Column("drift_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
    )
    op.add_column(
        "deployment",
        sa.Column("scan_after", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column(
        "deployment", sa.Column("usage_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
    )
    op.add_column("deployment", sa.Column("expiry_warned_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_deployment_expiry",
        "deployment",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL AND status NOT IN ('deleting', 'deleted')"),
    )
    op.create_index(
        "ix_deployment_scan",
        "deployment",
        ["cluster", "scan_after"],
        unique=False,
        postgresql_where=sa.text("status = 'ready' AND NOT suspended"),
    )
    op.add_column(
        "deployment_reconcile_job",
        sa.Column("options", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column(
        "deployment_reconcile_job",
        sa.Column("asked_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    )
    op.add_column("deployment_reconcile_job", sa.Column("preview_id", sa.UUID(), nullable=True))
    op.add_column(
        "deployment_revision",
        sa.Column("asked_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    )

    op.drop_index("uq_deployment_namespace", table_name="deployment")
    op.create_index(
        "uq_deployment_namespace",
        "deployment",
        ["cluster", "namespace_name"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    for table in CREATED:
        _trigger(table, "stamp_created_at", "BEFORE INSERT")
    for table in TOUCHED:
        _trigger(table, "touch_updated_at", "BEFORE UPDATE")
    for role, grants in GRANTS.items():
        for right, tables in grants.items():
            op.execute(f"GRANT {right} ON {', '.join(tables)} TO {role}")
    for table, own in OWN_ROWS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_rows ON {table} TO slipway_api USING ({own}) WITH CHECK ({own})")
        op.execute(f"CREATE POLICY every_row ON {table} TO slipway_scheduler USING (true) WITH CHECK (true)")


def downgrade() -> None:
    op.execute("REVOKE UPDATE ON cluster FROM slipway_scheduler")
    op.drop_index("uq_deployment_namespace", table_name="deployment")
    op.create_index("uq_deployment_namespace", "deployment", ["cluster", "namespace_name"], unique=True)
    op.drop_column("deployment_revision", "asked_json")
    op.drop_column("deployment_reconcile_job", "preview_id")
    op.drop_column("deployment_reconcile_job", "asked_json")
    op.drop_column("deployment_reconcile_job", "options")
    op.drop_index(
        "ix_deployment_scan", table_name="deployment", postgresql_where=sa.text("status = 'ready' AND NOT suspended")
    )
    op.drop_index(
        "ix_deployment_expiry",
        table_name="deployment",
        postgresql_where=sa.text("expires_at IS NOT NULL AND status NOT IN ('deleting', 'deleted')"),
    )
    op.drop_column("deployment", "expiry_warned_at")
    op.drop_column("deployment", "usage_json")
    op.drop_column("deployment", "scan_after")
    op.drop_column("deployment", "drift_json")
    op.drop_column("cluster", "public_key")
    op.drop_index("ix_rollout_item_status", table_name="rollout_item")
    op.drop_table("rollout_item")
    op.drop_index("ix_preview_expiry", table_name="preview")
    op.drop_table("preview")
    op.drop_table("deployment_secret")
    op.drop_index("uq_rollout_running", table_name="rollout", postgresql_where=sa.text("status = 'running'"))
    op.drop_index("ix_rollout_page", table_name="rollout")
    op.drop_table("rollout")
    op.drop_table("registry_credential")
    op.drop_index("uq_registry_host_live", table_name="registry", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_table("registry")
    op.drop_table("chart_archive_part")


def _trigger(table: str, function: str, when: str) -> None:
    op.execute(f"CREATE TRIGGER {function} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()")
