"""When a message was said is never written again"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION keep_created_at() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.created_at := OLD.created_at; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER keep_created_at BEFORE UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION keep_created_at()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_created_at ON messages")
    op.execute("DROP FUNCTION keep_created_at()")
