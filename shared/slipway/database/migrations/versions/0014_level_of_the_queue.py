"""A new job is level with what all users' jobs have come to; whose a job is, is looked up and not listed"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

JOBS = "deployment_reconcile_job"
ADMIN = "current_setting('slipway.is_admin', true) = 'on'"
LISTED = "EXISTS (SELECT FROM deployment d WHERE d.id = deployment_id)"
LOOKED_UP = "(SELECT true FROM deployment d WHERE d.id = deployment_id)"
"""The planner may answer EXISTS from a list of all deployments; this it asks of one row."""


def upgrade() -> None:
    # The API sees its user's jobs alone, and has to know how far the others have come: a number, and nothing else.
    op.execute(f"CREATE POLICY level ON {JOBS} FOR SELECT TO CURRENT_USER USING (status IN ('leased', 'running'))")
    op.execute(
        "CREATE FUNCTION queue_level() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER"
        " SET search_path = public, pg_temp AS"
        f" $$ SELECT coalesce(max(queue_key), 0) FROM {JOBS} WHERE status IN ('leased', 'running') $$"
    )
    op.execute("REVOKE ALL ON FUNCTION queue_level() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION queue_level() TO slipway_api, slipway_scheduler")
    _see(LOOKED_UP)


def downgrade() -> None:
    _see(LISTED)
    op.execute("DROP FUNCTION queue_level()")
    op.execute(f"DROP POLICY level ON {JOBS}")


def _see(own: str) -> None:
    for table in (JOBS, "deployment_revision"):
        rule = f"{ADMIN} OR {own}"
        op.execute(f"ALTER POLICY own_rows ON {table} USING ({rule}) WITH CHECK ({rule})")
