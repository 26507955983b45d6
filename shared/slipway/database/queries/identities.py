"""Who users are at an OpenID Connect issuer."""

from uuid import UUID

from sqlalchemy import text

from slipway.database.engine import ReadSession, Scope, WriteSession

_FIND = text("SELECT user_id FROM user_identity WHERE issuer = :issuer AND subject = :subject")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_ADD = text("INSERT INTO user_identity (issuer, subject, user_id) VALUES (:issuer, :subject, :user)")


def scope_of(issuer: str, subject: str) -> Scope:
    """Return the scope that sees this one identity."""
    return Scope(credential=f"{issuer} {subject}")


async def find(session: ReadSession, issuer: str, subject: str) -> UUID | None:
    """Return the user, deleted or not. Two first sign-ins of one person are ordered until the first has committed."""
    await session.execute(_LOCK, {"name": f"{issuer} {subject}"})
    return (await session.execute(_FIND, {"issuer": issuer, "subject": subject})).scalar_one_or_none()


async def add(session: WriteSession, issuer: str, subject: str, user: UUID) -> None:
    """Insert an identity; the scope is its user's."""
    await session.execute(_ADD, {"issuer": issuer, "subject": subject, "user": user})
