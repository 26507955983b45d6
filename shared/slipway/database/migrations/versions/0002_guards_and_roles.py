"""What the tables cannot say by themselves: triggers, the rows that stand alone, roles and row-level security"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TOUCHED = (
    "users", "user_quota", "product", "deployment", "deployment_reconcile_job", "tasks", "conversations",
)  # fmt: skip
CREATED = (*TOUCHED, "product_template_version", "messages", "outbox_event", "deployment_revision")

TEMPLATE_CONTENT = (
    "id", "product_id", "docker_image_url", "version_label", "package_type", "chart_ref", "chart_version",
    "chart_digest", "default_values_json", "values_schema_json", "capabilities_json", "health_timeout_sec",
)  # fmt: skip

FUNCTIONS = {
    # Clients cannot set these times: the database's clock is the only one.
    "stamp_created_at": """
        NEW.created_at := now();
        IF to_jsonb(NEW) ? 'updated_at' THEN
            NEW := jsonb_populate_record(NEW, jsonb_build_object('updated_at', now()));
        END IF;
        RETURN NEW;""",
    "touch_updated_at": """
        NEW.created_at := OLD.created_at;
        NEW.updated_at := clock_timestamp();
        RETURN NEW;""",
    "keep_deployment_names": """
        IF (NEW.deployment_uid, NEW.namespace_name, NEW.release_name)
           IS DISTINCT FROM (OLD.deployment_uid, OLD.namespace_name, OLD.release_name) THEN
            RAISE EXCEPTION 'deployment_uid, namespace_name and release_name are immutable'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_names_immutable';
        END IF;
        RETURN NEW;""",
    "keep_template_content": f"""
        IF ({", ".join(f"NEW.{column}" for column in TEMPLATE_CONTENT)})
           IS DISTINCT FROM ({", ".join(f"OLD.{column}" for column in TEMPLATE_CONTENT)})
           OR NEW.created_at IS DISTINCT FROM OLD.created_at
           OR (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS DISTINCT FROM OLD.deleted_at) THEN
            RAISE EXCEPTION 'a template version is immutable once created'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'template_immutable';
        END IF;
        RETURN NEW;""",
    "keep_outbox": """
        IF TG_OP = 'UPDATE' AND OLD.pos IS NULL
           AND to_jsonb(NEW) - 'pos' - 'epoch' = to_jsonb(OLD) - 'pos' - 'epoch' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'outbox events are insert-only'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outbox_insert_only';""",
}

TRIGGERS = {
    "deployment": ("keep_deployment_names", "BEFORE UPDATE"),
    "product_template_version": ("keep_template_content", "BEFORE UPDATE"),
    "outbox_event": ("keep_outbox", "BEFORE UPDATE OR DELETE"),
}

ALL_TABLES = (
    "cluster", "executor", "feed", "idempotency_record", "installation", "outbox_event", "product", "report_record",
    "users", "conversations", "product_template_version", "tasks", "user_quota", "deployment", "messages",
    "deployment_reconcile_job", "deployment_revision", "job_lease",
)  # fmt: skip

GRANTS = {
    "slipway_api": {
        "SELECT": ALL_TABLES,
        "INSERT": (
            "users", "user_quota", "product", "product_template_version", "deployment", "deployment_reconcile_job",
            "tasks", "conversations", "messages", "outbox_event", "idempotency_record", "cluster",
        ),
        "UPDATE": (
            "users", "user_quota", "product", "product_template_version", "deployment", "deployment_reconcile_job",
            "tasks", "conversations", "messages", "cluster",
        ),
        "DELETE": ("tasks", "conversations", "messages", "idempotency_record"),
    },
    "slipway_scheduler": {
        "SELECT": ALL_TABLES,
        "INSERT": (
            "deployment_reconcile_job", "deployment_revision", "job_lease", "report_record", "outbox_event", "executor",
            "cluster",
        ),
        "UPDATE": (
            "deployment", "deployment_reconcile_job", "deployment_revision", "job_lease", "executor", "feed",
            "outbox_event",
        ),
        "DELETE": ("job_lease", "report_record", "executor", "idempotency_record"),
    },
}  # fmt: skip

_USER = "nullif(current_setting('slipway.user_id', true), '')::uuid"
_ADMIN = "current_setting('slipway.is_admin', true) = 'on'"
OWN_ROWS = {
    "deployment": f"user_id = {_USER} OR {_ADMIN}",
    "tasks": f"user_id = {_USER}",
    "conversations": f"user_id = {_USER}",
    "messages": f"EXISTS (SELECT FROM conversations c WHERE c.id = conversation_id AND c.user_id = {_USER})",
}


def upgrade() -> None:
    for name, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")
    for table in CREATED:
        _trigger(table, "stamp_created_at", "BEFORE INSERT")
    for table in TOUCHED:
        _trigger(table, "touch_updated_at", "BEFORE UPDATE")
    for table, (function, when) in TRIGGERS.items():
        _trigger(table, function, when)
    op.execute("INSERT INTO feed (id) VALUES (1)")
    op.execute("INSERT INTO installation (id, uid) VALUES (1, gen_random_uuid())")
    op.execute("INSERT INTO cluster (name) VALUES ('local')")
    for role, grants in GRANTS.items():
        _make_role(role)
        for right, tables in grants.items():
            op.execute(f"GRANT {right} ON {', '.join(tables)} TO {role}")
        op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
    op.execute("GRANT SELECT, UPDATE ON SEQUENCE job_fence TO slipway_scheduler")
    for table, own in OWN_ROWS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_rows ON {table} TO slipway_api USING ({own}) WITH CHECK ({own})")
        op.execute(f"CREATE POLICY every_row ON {table} TO slipway_scheduler USING (true) WITH CHECK (true)")


def downgrade() -> None:
    """The roles stay: they belong to the server, and other databases may use them."""
    for table in OWN_ROWS:
        op.execute(f"DROP POLICY own_rows ON {table}")
        op.execute(f"DROP POLICY every_row ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    for role in GRANTS:
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
        op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    for table in ("feed", "installation", "cluster"):
        op.execute(f"DELETE FROM {table}")


def _trigger(table: str, function: str, when: str) -> None:
    op.execute(f"CREATE TRIGGER {function} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()")


def _make_role(role: str) -> None:
    """Roles belong to the whole server: another database's migration may make the same one at the same moment."""
    op.execute(
        f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
