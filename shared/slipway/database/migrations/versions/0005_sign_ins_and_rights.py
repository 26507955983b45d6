"""Sign-ins, personal tokens, one-time codes; each service's rights down to what it uses"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("sign_in", "refresh_token", "personal_token", "one_time_code", "user_identity")

_USER = "nullif(current_setting('slipway.user_id', true), '')::uuid"
_ADMIN = "current_setting('slipway.is_admin', true) = 'on'"
_HELD = "current_setting('slipway.credential', true)"
_SEEN_DEPLOYMENT = "EXISTS (SELECT FROM deployment d WHERE d.id = deployment_id)"  # that one has its own policy
POLICIES = {
    "sign_in": (f"user_id = {_USER} OR id::text = {_HELD} OR {_ADMIN}",) * 2,
    "refresh_token": (f"hash = {_HELD} OR EXISTS (SELECT FROM sign_in s WHERE s.id = sign_in_id)",) * 2,
    "personal_token": (f"user_id = {_USER} OR hash = {_HELD}",) * 2,
    "one_time_code": (f"hash = {_HELD}", "true"),
    "user_identity": (f"user_id = {_USER} OR issuer || ' ' || subject = {_HELD}",) * 2,
    "deployment_reconcile_job": (f"{_ADMIN} OR {_SEEN_DEPLOYMENT}",) * 2,
    "deployment_revision": (f"{_ADMIN} OR {_SEEN_DEPLOYMENT}",) * 2,
    "user_quota": (f"user_id = {_USER} OR {_ADMIN}",) * 2,
    "idempotency_record": (f"user_id = {_USER}",) * 2,
    "outbox_event": (f"owner_id = {_USER} OR {_ADMIN}", "true"),
}
"""Table: which rows the API sees, and which it may write."""
SCHEDULED = ("deployment_reconcile_job", "deployment_revision", "user_quota", "idempotency_record", "outbox_event")
CLEANED = {"sign_in": "id, expires_at", "one_time_code": "hash, expires_at"}
USER_COLUMNS = "id, email, display_name, is_admin, deleted_at, created_at, updated_at"


def upgrade() -> None:
    _make_tables()
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER stamp_created_at BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION stamp_created_at()"
        )
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(TABLES)} TO slipway_api")
    op.execute("GRANT UPDATE (ended_at) ON sign_in TO slipway_api")
    op.execute("GRANT UPDATE (used_at) ON refresh_token, one_time_code TO slipway_api")
    op.execute("GRANT UPDATE (last_used_at) ON personal_token TO slipway_api")
    op.execute("GRANT DELETE ON personal_token TO slipway_api")
    for table, (seen, written) in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_rows ON {table} TO slipway_api USING ({seen}) WITH CHECK ({written})")
    for table, columns in CLEANED.items():
        op.execute(f"GRANT SELECT ({columns}), DELETE ON {table} TO slipway_scheduler")
    for table in (*SCHEDULED, *CLEANED):
        op.execute(f"CREATE POLICY every_row ON {table} TO slipway_scheduler USING (true) WITH CHECK (true)")
    # Stamping numbers an event, and changes nothing else of it; nobody but the API reads what people wrote.
    op.execute("REVOKE UPDATE ON outbox_event FROM slipway_scheduler")
    op.execute("GRANT UPDATE (epoch, pos) ON outbox_event TO slipway_scheduler")
    op.execute("REVOKE SELECT ON users, tasks, conversations, messages FROM slipway_scheduler")
    op.execute(f"GRANT SELECT ({USER_COLUMNS}) ON users TO slipway_scheduler")
    op.execute("REVOKE SELECT ON job_lease, report_record, chart_archive_part FROM slipway_api")
    op.execute("REVOKE ALL ON SEQUENCE job_fence FROM slipway_api")
    op.execute("GRANT UPDATE (secrets_json) ON deployment_revision TO slipway_api")  # sealed anew for another key
    _of_public("REVOKE", "FROM")


def downgrade() -> None:
    _of_public("GRANT", "TO")
    op.execute("REVOKE UPDATE (secrets_json) ON deployment_revision FROM slipway_api")
    op.execute("GRANT USAGE ON SEQUENCE job_fence TO slipway_api")
    op.execute("GRANT SELECT ON job_lease, report_record, chart_archive_part TO slipway_api")
    op.execute("GRANT SELECT ON users, tasks, conversations, messages TO slipway_scheduler")
    op.execute("GRANT UPDATE ON outbox_event TO slipway_scheduler")
    for table in SCHEDULED:
        op.execute(f"DROP POLICY own_rows ON {table}")
        op.execute(f"DROP POLICY every_row ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    for table in reversed(TABLES):
        op.drop_table(table)


def _of_public(verb: str, preposition: str) -> None:
    """Temporary tables are tables too. Only the database's owner can say this; others leave it to the operator."""
    op.execute(
        f"DO $$ BEGIN EXECUTE format('{verb} TEMPORARY ON DATABASE %I {preposition} PUBLIC', current_database());"
        " EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"
    )


def _make_tables() -> None:
    op.create_table(
        "sign_in",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        _created_at(),
        sa.CheckConstraint("via IN ('password', 'link', 'oidc')", name=op.f("ck_sign_in_via")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_in_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
    )
    op.create_index(op.f("ix_sign_in_user_id"), "sign_in", ["user_id"], unique=False)
    op.create_index(op.f("ix_sign_in_expires_at"), "sign_in", ["expires_at"], unique=False)
    op.create_table(
        "refresh_token",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("sign_in_id", sa.UUID(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        _created_at(),
        sa.ForeignKeyConstraint(
            ["sign_in_id"], ["sign_in.id"], name=op.f("fk_refresh_token_sign_in_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_refresh_token")),
    )
    op.create_index(op.f("ix_refresh_token_sign_in_id"), "refresh_token", ["sign_in_id"], unique=False)
    op.create_table(
        "personal_token",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("read_only", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        _created_at(),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name=op.f("ck_personal_token_name_length")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_personal_token_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_personal_token_hash")),
    )
    op.create_index("ix_personal_token_page", "personal_token", ["user_id", "created_at", "id"], unique=False)
    op.create_table(
        "one_time_code",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        _created_at(),
        sa.CheckConstraint("via IN ('link', 'oidc')", name=op.f("ck_one_time_code_via")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_one_time_code_user_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_one_time_code")),
    )
    op.create_table(
        "user_identity",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        _created_at(),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_identity_user_id")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_user_identity")),
    )
    op.create_index(op.f("ix_user_identity_user_id"), "user_identity", ["user_id"], unique=False)


def _created_at() -> sa.Column[object]:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
