"""How users prove who they are: sign-ins with their refresh tokens, personal tokens, one-time codes, identities elsewhere.

No secret is stored: a random token of 256 bits by its SHA-256, which nobody can guess back.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from slipway.database.models.base import Base, Created, PrimaryUuid


class SignIn(Created, Base):
    """From signing in until signing out. Access tokens name it and are refused once it has ended."""

    __tablename__ = "sign_in"

    id: Mapped[PrimaryUuid]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    via: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("via IN ('password', 'link', 'oidc')", name="via"),)


class RefreshToken(Created, Base):
    """One link of a sign-in's chain: used once, then replaced. Used again, it was stolen, and the sign-in ends."""

    __tablename__ = "refresh_token"

    hash: Mapped[str] = mapped_column(primary_key=True)
    sign_in_id: Mapped[UUID] = mapped_column(ForeignKey("sign_in.id", ondelete="CASCADE"), index=True)
    used_at: Mapped[datetime | None]


class PersonalToken(Created, Base):
    """A token that a user made for a program; it has the user's rights, or only those to read."""

    __tablename__ = "personal_token"

    id: Mapped[PrimaryUuid]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    read_only: Mapped[bool] = mapped_column(server_default=false(), default=False)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    """Within five minutes."""

    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        Index("ix_personal_token_page", "user_id", "created_at", "id"),
    )


class OneTimeCode(Created, Base):
    """Signs one user in, once, within its minute."""

    __tablename__ = "one_time_code"

    hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    via: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("via IN ('link', 'oidc')", name="via"),)


class UserIdentity(Created, Base):
    """Who a user is at an OpenID Connect issuer."""

    __tablename__ = "user_identity"

    issuer: Mapped[str]
    subject: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)

    __table_args__ = (PrimaryKeyConstraint("issuer", "subject"),)
