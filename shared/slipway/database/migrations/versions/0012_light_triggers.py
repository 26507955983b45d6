"""Triggers that cost next to nothing: they run several times for each job"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NAMES = ("deployment_uid", "namespace_name", "release_name")
STAMPED = """
    DO $$ DECLARE stamped record; BEGIN
        FOR stamped IN SELECT c.oid::regclass AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'updated_at' WHERE t.tgname = 'stamp_created_at'
        LOOP
            EXECUTE format('CREATE OR REPLACE TRIGGER stamp_created_at BEFORE INSERT ON %s FOR EACH ROW'
                           ' EXECUTE FUNCTION {function}()', stamped.name);
        END LOOP;
    END $$
"""
KEEP_OUTBOX = """
    CREATE OR REPLACE FUNCTION keep_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
    {declare} BEGIN
        {same}
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'outbox events are insert-only'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outbox_insert_only';
    END $$
"""
SAME_NOW = """
        told := OLD;
        IF TG_OP = 'UPDATE' AND OLD.pos IS NULL THEN
            told.pos := NEW.pos;
            told.epoch := NEW.epoch;
        END IF;
        IF TG_OP = 'UPDATE' AND OLD.pos IS NULL AND told *= NEW THEN"""
SAME_BEFORE = """
        IF TG_OP = 'UPDATE' AND OLD.pos IS NULL
           AND to_jsonb(NEW) - 'pos' - 'epoch' = to_jsonb(OLD) - 'pos' - 'epoch' THEN"""
STAMP_BEFORE = """
        IF to_jsonb(NEW) ? 'updated_at' THEN
            NEW := jsonb_populate_record(NEW, jsonb_build_object('updated_at', now()));
        END IF;"""


def upgrade() -> None:
    _stamp("stamp_times", "NEW.updated_at := now();")
    op.execute(STAMPED.format(function="stamp_times"))
    _stamp("stamp_created_at", "")
    op.execute(KEEP_OUTBOX.format(declare="DECLARE told outbox_event;", same=SAME_NOW))
    _keep_names("WHEN (" + " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in NAMES) + ")")
    op.execute("ALTER TABLE deployment SET (fillfactor = 70)")


def downgrade() -> None:
    op.execute("ALTER TABLE deployment RESET (fillfactor)")
    _keep_names("")
    op.execute(KEEP_OUTBOX.format(declare="", same=SAME_BEFORE))
    _stamp("stamp_created_at", STAMP_BEFORE)
    op.execute(STAMPED.format(function="stamp_created_at"))
    op.execute("DROP FUNCTION stamp_times()")


def _stamp(function: str, more: str) -> None:
    """Without a look at the row's columns: as JSON they cost more than the insert."""
    op.execute(
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN NEW.created_at := now(); {more} RETURN NEW; END $$"
    )


def _keep_names(when: str) -> None:
    op.execute(
        "CREATE OR REPLACE TRIGGER keep_deployment_names BEFORE UPDATE ON deployment FOR EACH ROW"
        f" {when} EXECUTE FUNCTION keep_deployment_names()"
    )
