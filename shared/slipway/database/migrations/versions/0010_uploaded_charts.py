"""Charts that were uploaded: a template may name an archive by its digest alone"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE = "product_template_version"
NAME = "ck_product_template_version_has_source"
FROM_ELSEWHERE = "chart_ref IS NOT NULL OR docker_image_url IS NOT NULL"


def upgrade() -> None:
    op.execute(f"ALTER TABLE {TABLE} DROP CONSTRAINT {NAME}")
    op.execute(f"ALTER TABLE {TABLE} ADD CONSTRAINT {NAME} CHECK ({FROM_ELSEWHERE} OR chart_digest IS NOT NULL)")
    op.execute("GRANT INSERT ON chart_archive_part TO slipway_api")


def downgrade() -> None:
    op.execute("REVOKE INSERT ON chart_archive_part FROM slipway_api")
    op.execute(f"ALTER TABLE {TABLE} DROP CONSTRAINT {NAME}")
    # what was published from an upload stays: code of before serves it by the built-in chart, and says so
    op.execute(f"ALTER TABLE {TABLE} ADD CONSTRAINT {NAME} CHECK ({FROM_ELSEWHERE}) NOT VALID")
