"""What a change would do, as it was shown: a later change may promise to do just that."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from slipway.database.models.base import Base, Created, Json, PrimaryUuid


class Preview(Created, Base):
    __tablename__ = "preview"

    id: Mapped[PrimaryUuid]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    deployment_id: Mapped[UUID | None] = mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"))
    """Null for a deployment that does not exist yet."""
    generation: Mapped[int] = mapped_column(BigInteger)
    """Of the deployment when it was previewed; 0 for a new one."""
    inputs: Mapped[str]
    """Digest over template and user values: a change that carries the preview must have the same."""
    rendered: Mapped[str | None]
    """HMAC of the rendered objects; null when two renderings differed, and only the inputs are promised."""
    expires_at: Mapped[datetime]
    result_json: Mapped[Json]
    """What was shown, secrets masked."""

    __table_args__ = (Index("ix_preview_expiry", "expires_at"),)
