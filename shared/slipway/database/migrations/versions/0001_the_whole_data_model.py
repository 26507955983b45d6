"""The whole data model"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("job_fence")))
    op.create_table(
        "cluster",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "name ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' AND length(name) <= 63", name=op.f("ck_cluster_name_label")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cluster")),
    )
    op.create_table(
        "executor",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("free", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("majors", postgresql.ARRAY(sa.Integer()), server_default=sa.text("'{1}'"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("instance", name=op.f("pk_executor")),
    )
    op.create_index("ix_executor_seen", "executor", ["cluster", "seen_at"], unique=False)
    op.create_table(
        "feed",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("pos", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_feed_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
    )
    op.create_table(
        "idempotency_record",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotency_record")),
    )
    op.create_index("ix_idempotency_created", "idempotency_record", ["created_at"], unique=False)
    op.create_table(
        "installation",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("uid", sa.UUID(), nullable=False),
        sa.Column("epoch", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "outbox_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("deployment_id", sa.UUID(), nullable=True),
        sa.Column("deployment_seq", sa.BigInteger(), nullable=True),
        sa.Column("owner_id", sa.UUID(), nullable=True),
        sa.Column("actor_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("data_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("pos", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(epoch IS NULL) = (pos IS NULL)", name=op.f("ck_outbox_event_stamped_whole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_event")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_event_id")),
    )
    op.create_index("ix_outbox_deployment", "outbox_event", ["deployment_id", "deployment_seq"], unique=False)
    op.create_index("ix_outbox_owner", "outbox_event", ["owner_id", "epoch", "pos"], unique=False)
    op.create_index(
        "ix_outbox_unstamped", "outbox_event", ["id"], unique=False, postgresql_where=sa.text("pos IS NULL")
    )
    op.create_index("uq_outbox_pos", "outbox_event", ["epoch", "pos"], unique=True)
    op.create_table(
        "product",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("icon", sa.Text(), nullable=True),
        sa.Column("template_id", sa.UUID(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' AND length(slug) <= 63", name=op.f("ck_product_slug_label")
        ),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 255", name=op.f("ck_product_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
    )
    op.create_index(
        "uq_product_name_live", "product", ["name"], unique=True, postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_table(
        "report_record",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.UUID(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "fence", "seq", name=op.f("pk_report_record")),
    )
    op.create_index(op.f("ix_report_record_deployment_id"), "report_record", ["deployment_id"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("is_admin", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("length(email) BETWEEN 3 AND 320", name=op.f("ck_users_email_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index(
        "uq_users_email_live",
        "users",
        [sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_conversations_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
    )
    op.create_index(op.f("ix_conversations_user_id"), "conversations", ["user_id"], unique=False)
    op.create_index("ix_conversations_user_page", "conversations", ["user_id", "created_at", "id"], unique=False)
    op.create_table(
        "product_template_version",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("docker_image_url", sa.Text(), nullable=True),
        sa.Column("version_label", sa.Text(), nullable=True),
        sa.Column("package_type", sa.Text(), server_default=sa.text("'helm-chart'"), nullable=False),
        sa.Column("chart_ref", sa.Text(), nullable=True),
        sa.Column("chart_version", sa.Text(), nullable=True),
        sa.Column("chart_digest", sa.Text(), nullable=True),
        sa.Column(
            "default_values_json",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "values_schema_json",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("capabilities_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("health_timeout_sec", sa.Integer(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "jsonb_typeof(capabilities_json) = 'object'", name=op.f("ck_product_template_version_capabilities_object")
        ),
        sa.CheckConstraint(
            "jsonb_typeof(default_values_json) = 'object'",
            name=op.f("ck_product_template_version_default_values_object"),
        ),
        sa.CheckConstraint(
            "jsonb_typeof(values_schema_json) = 'object'", name=op.f("ck_product_template_version_values_schema_object")
        ),
        sa.CheckConstraint("package_type = 'helm-chart'", name=op.f("ck_product_template_version_package_type")),
        sa.CheckConstraint(
            "chart_ref IS NOT NULL OR docker_image_url IS NOT NULL", name=op.f("ck_product_template_version_has_source")
        ),
        sa.CheckConstraint(
            "chart_ref IS NULL OR chart_version IS NOT NULL", name=op.f("ck_product_template_version_chart_has_version")
        ),
        sa.CheckConstraint("health_timeout_sec > 0", name=op.f("ck_product_template_version_health_timeout_positive")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_product_template_version_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_template_version")),
    )
    op.create_index(
        op.f("ix_product_template_version_product_id"), "product_template_version", ["product_id"], unique=False
    )
    op.create_foreign_key("fk_product_template_id", "product", "product_template_version", ["template_id"], ["id"])
    op.create_table(
        "tasks",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("is_completed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("length(btrim(title)) BETWEEN 1 AND 255", name=op.f("ck_tasks_title_length")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tasks_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    op.create_index(op.f("ix_tasks_user_id"), "tasks", ["user_id"], unique=False)
    op.create_index("ix_tasks_user_page", "tasks", ["user_id", "created_at", "id"], unique=False)
    op.create_table(
        "user_quota",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("deployments", sa.Integer(), nullable=True),
        sa.Column("cpu_milli", sa.Integer(), nullable=True),
        sa.Column("memory_mib", sa.Integer(), nullable=True),
        sa.Column("storage_gib", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_quota_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_quota")),
    )
    op.create_table(
        "deployment",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("domain_name", sa.Text(), nullable=False),
        sa.Column("deployment_uid", sa.Text(), nullable=False),
        sa.Column("namespace_name", sa.Text(), nullable=False),
        sa.Column("release_name", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), server_default=sa.text("'local'"), nullable=False),
        sa.Column("desired_template_id", sa.UUID(), nullable=False),
        sa.Column("applied_template_id", sa.UUID(), nullable=True),
        sa.Column("user_values_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("generation", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("applied_generation", sa.BigInteger(), nullable=True),
        sa.Column("hold_generation", sa.BigInteger(), nullable=True),
        sa.Column("event_seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("failure_class", sa.Text(), nullable=True),
        sa.Column("last_reconcile_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("drifted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cluster ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' AND length(cluster) <= 63",
            name=op.f("ck_deployment_cluster_label"),
        ),
        sa.CheckConstraint(
            "deployment_uid ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' AND length(deployment_uid) <= 53",
            name=op.f("ck_deployment_deployment_uid_label"),
        ),
        sa.CheckConstraint(
            "failure_class IN ('transient', 'terminal', 'needs_person', 'cancelled')",
            name=op.f("ck_deployment_failure_class"),
        ),
        sa.CheckConstraint("jsonb_typeof(user_values_json) = 'object'", name=op.f("ck_deployment_user_values_object")),
        sa.CheckConstraint(
            "namespace_name ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' AND length(namespace_name) <= 53",
            name=op.f("ck_deployment_namespace_name_label"),
        ),
        sa.CheckConstraint(
            "release_name ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' AND length(release_name) <= 53",
            name=op.f("ck_deployment_release_name_label"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'provisioning', 'ready', 'upgrading', 'error', 'deleting', 'deleted')",
            name=op.f("ck_deployment_status"),
        ),
        sa.CheckConstraint("generation > 0", name=op.f("ck_deployment_generation_positive")),
        sa.CheckConstraint("length(domain_name) BETWEEN 1 AND 253", name=op.f("ck_deployment_domain_length")),
        sa.ForeignKeyConstraint(
            ["applied_template_id"], ["product_template_version.id"], name=op.f("fk_deployment_applied_template_id")
        ),
        sa.ForeignKeyConstraint(
            ["desired_template_id"], ["product_template_version.id"], name=op.f("fk_deployment_desired_template_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_deployment_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment")),
        sa.UniqueConstraint("deployment_uid", name=op.f("uq_deployment_deployment_uid")),
    )
    op.create_index(op.f("ix_deployment_desired_template_id"), "deployment", ["desired_template_id"], unique=False)
    op.create_index("ix_deployment_page", "deployment", ["created_at", "id"], unique=False)
    op.create_index("ix_deployment_user_page", "deployment", ["user_id", "created_at", "id"], unique=False)
    op.create_index(
        "uq_deployment_domain_live",
        "deployment",
        [sa.literal_column("lower(domain_name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("uq_deployment_namespace", "deployment", ["cluster", "namespace_name"], unique=True)
    op.create_table(
        "messages",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.String(length=50), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("tool_calls", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('user', 'assistant', 'system')", name=op.f("ck_messages_role")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_messages_conversation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index(op.f("ix_messages_conversation_id"), "messages", ["conversation_id"], unique=False)
    op.create_index("ix_messages_page", "messages", ["conversation_id", "seq"], unique=False)
    op.create_table(
        "deployment_reconcile_job",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("deployment_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("queue_key", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("run_after", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lost", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_by", sa.Text(), nullable=True),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("detail_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "reason IN ('drift', 'retry', 'manual', 'update', 'upgrade', 'rollback', 'create', 'delete')",
            name=op.f("ck_deployment_reconcile_job_reason"),
        ),
        sa.CheckConstraint(
            "status IN ('delayed', 'queued', 'leased', 'running', 'succeeded', 'failed', 'superseded', 'cancelled', 'quarantined')",
            name=op.f("ck_deployment_reconcile_job_status"),
        ),
        sa.CheckConstraint("attempt >= 0 AND lost >= 0", name=op.f("ck_deployment_reconcile_job_counters")),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployment.id"],
            name=op.f("fk_deployment_reconcile_job_deployment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment_reconcile_job")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        "ix_job_delayed",
        "deployment_reconcile_job",
        ["run_after"],
        unique=False,
        postgresql_where=sa.text("status = 'delayed'"),
    )
    op.create_index(
        "ix_job_deployment_page", "deployment_reconcile_job", ["deployment_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_job_due",
        "deployment_reconcile_job",
        ["cluster", "priority", "queue_key", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index(
        "ix_job_leased",
        "deployment_reconcile_job",
        ["locked_at"],
        unique=False,
        postgresql_where=sa.text("status = 'leased'"),
    )
    op.create_index("ix_job_page", "deployment_reconcile_job", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_job_running",
        "deployment_reconcile_job",
        ["cluster", "locked_by"],
        unique=False,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_index(
        "uq_job_in_flight",
        "deployment_reconcile_job",
        ["deployment_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('leased', 'running')"),
    )
    op.create_index(
        "uq_job_waiting",
        "deployment_reconcile_job",
        ["deployment_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('queued', 'delayed')"),
    )
    op.create_index(
        "ix_job_user_waiting",
        "deployment_reconcile_job",
        ["user_id", "queue_key"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'delayed')"),
    )
    op.create_table(
        "deployment_revision",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("deployment_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("template_id", sa.UUID(), nullable=False),
        sa.Column("user_values_json", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("chart_digest", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_deployment_revision_deployment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["product_template_version.id"], name=op.f("fk_deployment_revision_template_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment_revision")),
        sa.UniqueConstraint("deployment_id", "revision", name=op.f("uq_deployment_revision_deployment_id_revision")),
    )
    op.create_table(
        "job_lease",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["deployment_reconcile_job.id"], name=op.f("fk_job_lease_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_lease")),
        postgresql_with={"fillfactor": 50},
    )


def downgrade() -> None:
    op.drop_table("job_lease")
    op.drop_table("deployment_revision")
    op.drop_table("deployment_reconcile_job")
    op.drop_table("messages")
    op.drop_table("deployment")
    op.drop_table("user_quota")
    op.drop_table("tasks")
    op.drop_constraint("fk_product_template_id", "product")
    op.drop_table("product_template_version")
    op.drop_table("conversations")
    op.drop_table("users")
    op.drop_table("report_record")
    op.drop_table("product")
    op.drop_table("outbox_event")
    op.drop_table("installation")
    op.drop_table("idempotency_record")
    op.drop_table("feed")
    op.drop_table("executor")
    op.drop_table("cluster")
    op.execute(sa.schema.DropSequence(sa.Sequence("job_fence")))
