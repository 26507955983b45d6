"""Clusters that deployments may go to."""

from sqlalchemy import text

from slipway.database.engine import ReadSession

_NAMES = text("SELECT name FROM cluster WHERE deleted_at IS NULL ORDER BY name")


async def names(session: ReadSession) -> list[str]:
    """Return the names of all live clusters."""
    return list((await session.execute(_NAMES)).scalars())
