"""Who a request is, in one round trip; a history for jobs that have ended, with a partition for each month"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# A function, because the scope must be set before the first row is looked for: within one SELECT no order is promised.
IDENTIFY = {
    "identify_sign_in(wanted uuid, held uuid) RETURNS TABLE (id uuid, email text, is_admin boolean)": """
        PERFORM set_config('slipway.credential', coalesce(held::text, ''), true);
        RETURN QUERY SELECT u.id, u.email, u.is_admin FROM users u
            WHERE u.id = wanted AND u.deleted_at IS NULL AND (held IS NULL OR EXISTS (
                SELECT FROM sign_in s
                WHERE s.id = held AND s.user_id = u.id AND s.ended_at IS NULL AND s.expires_at > now()));""",
    """identify_token(held text) RETURNS TABLE
        (token uuid, read_only boolean, id uuid, email text, is_admin boolean, unnoted boolean)""": """
        PERFORM set_config('slipway.credential', held, true);
        RETURN QUERY SELECT t.id, t.read_only, u.id, u.email, u.is_admin,
                t.last_used_at IS NULL OR t.last_used_at < now() - interval '5 minutes'
            FROM personal_token t JOIN users u ON u.id = t.user_id
            WHERE t.hash = held AND (t.expires_at IS NULL OR t.expires_at > now()) AND u.deleted_at IS NULL;""",
}
# With the owner's rights: schedulers make no tables but these.
ENSURE_HISTORY = """
    CREATE FUNCTION ensure_job_history(moment timestamptz) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
    DECLARE
        month timestamptz := date_trunc('month', moment);
        partition text := 'job_history_' || to_char(moment, 'YYYY_MM');
    BEGIN
        IF to_regclass(partition) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtextextended(partition, 0));
            EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF job_history FOR VALUES FROM (%L) TO (%L)',
                partition, month, month + interval '1 month');
        END IF;
    END $$
"""
COLUMNS = (
    "id", "deployment_id", "user_id", "cluster", "reason", "status", "priority", "queue_key", "run_after", "generation",
    "attempt", "lost", "fence", "seq", "locked_by", "locked_at", "published_at", "claimed_at", "queued_at", "finished_at",
    "cancel_requested", "options", "asked_json", "preview_id", "traceparent", "last_error", "detail_json", "created_at",
    "updated_at",
)  # fmt: skip
SEEN = (
    "current_setting('slipway.is_admin', true) = 'on'"
    " OR EXISTS (SELECT FROM deployment d WHERE d.id = deployment_id)"  # that one has its own policy
)
JOBS = "deployment_reconcile_job"


def upgrade() -> None:
    for signature, body in IDENTIFY.items():
        op.execute(f"CREATE FUNCTION {signature} LANGUAGE plpgsql AS $$ BEGIN {body} END $$")
    _make_history()
    op.create_index(
        "ix_job_over",
        JOBS,
        ["status", "finished_at"],
        postgresql_where=sa.text("status IN ('succeeded', 'superseded', 'failed', 'cancelled')"),
    )
    op.execute(ENSURE_HISTORY)
    op.execute("REVOKE ALL ON FUNCTION ensure_job_history(timestamptz) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION ensure_job_history(timestamptz) TO slipway_scheduler")
    op.execute("GRANT SELECT ON job_history TO slipway_api")
    op.execute("GRANT SELECT, INSERT ON job_history TO slipway_scheduler")
    op.execute(f"GRANT DELETE ON {JOBS} TO slipway_scheduler")
    op.execute("ALTER TABLE job_history ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_rows ON job_history TO slipway_api USING ({SEEN})")
    op.execute("CREATE POLICY every_row ON job_history TO slipway_scheduler USING (true) WITH CHECK (true)")


def downgrade() -> None:
    """Jobs return to the queue's table, with the times that they have."""
    for table in ("job_history", JOBS):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {JOBS} DISABLE TRIGGER stamp_created_at")
    op.execute(f"INSERT INTO {JOBS} ({', '.join(COLUMNS)}) SELECT {', '.join(COLUMNS)} FROM job_history")
    op.execute(f"ALTER TABLE {JOBS} ENABLE TRIGGER stamp_created_at")
    op.execute(f"ALTER TABLE {JOBS} FORCE ROW LEVEL SECURITY")
    op.execute(f"REVOKE DELETE ON {JOBS} FROM slipway_scheduler")
    op.drop_index("ix_job_over", table_name=JOBS)
    op.execute("DROP FUNCTION ensure_job_history(timestamptz)")
    op.drop_table("job_history")
    op.execute("DROP FUNCTION identify_sign_in(uuid, uuid), identify_token(text)")


def _make_history() -> None:
    now = sa.text("now()")
    moment, zero = sa.DateTime(timezone=True), sa.text("0")
    json = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
    op.create_table(
        "job_history",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("deployment_id", sa.UUID(), nullable=False),
        sa.Column("finished_at", moment, nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default=zero, nullable=False),
        sa.Column("queue_key", sa.BigInteger(), server_default=zero, nullable=False),
        sa.Column("run_after", moment, server_default=now, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=zero, nullable=False),
        sa.Column("lost", sa.Integer(), server_default=zero, nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.Integer(), server_default=zero, nullable=False),
        sa.Column("locked_by", sa.Text(), nullable=True),
        sa.Column("locked_at", moment, nullable=True),
        sa.Column("published_at", moment, nullable=True),
        sa.Column("claimed_at", moment, nullable=True),
        sa.Column("queued_at", moment, server_default=now, nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("options", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("asked_json", json, nullable=True),
        sa.Column("preview_id", sa.UUID(), nullable=True),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("detail_json", json, nullable=True),
        sa.Column("updated_at", moment, server_default=now, nullable=False),
        sa.Column("created_at", moment, server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("id", "finished_at", name=op.f("pk_job_history")),
        postgresql_partition_by="RANGE (finished_at)",
    )
    op.create_index("ix_job_history_deployment_page", "job_history", ["deployment_id", "created_at", "id"])
    op.create_index("ix_job_history_page", "job_history", ["created_at", "id"])
