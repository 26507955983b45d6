"""Turns of a conversation, and an index for open tasks"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OWN = "EXISTS (SELECT FROM conversations c WHERE c.id = conversation_id)"  # that one has its own policy


def upgrade() -> None:
    op.create_table(
        "conversation_turn",
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("holder", sa.UUID(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_turn_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_conversation_turn")),
    )
    op.create_index("ix_tasks_completion_page", "tasks", ["user_id", "is_completed", "created_at", "id"])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON conversation_turn TO slipway_api")
    op.execute("ALTER TABLE conversation_turn ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_rows ON conversation_turn TO slipway_api USING ({OWN}) WITH CHECK ({OWN})")


def downgrade() -> None:
    op.drop_index("ix_tasks_completion_page", table_name="tasks")
    op.drop_table("conversation_turn")
