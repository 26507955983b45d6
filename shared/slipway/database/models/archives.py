"""Chart archives that were deployed, kept by digest, so that a chart that left its registry can still be used."""

from sqlalchemy import CheckConstraint, Integer, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from slipway.database.models.base import Base, Created


class ChartArchivePart(Created, Base):
    """One piece of an archive. Piece 0 is the OCI manifest (empty for https), by which the rest is proven."""

    __tablename__ = "chart_archive_part"

    digest: Mapped[str]
    """The template's `chart_digest`."""
    number: Mapped[int] = mapped_column(Integer, autoincrement=False)
    total: Mapped[int]
    """How many pieces there are, piece 0 included."""
    content: Mapped[bytes]

    __table_args__ = (
        PrimaryKeyConstraint("digest", "number"),
        CheckConstraint("number >= 0 AND number < total AND total <= 64", name="numbered"),
        CheckConstraint("octet_length(content) <= 524288", name="content_length"),
    )
