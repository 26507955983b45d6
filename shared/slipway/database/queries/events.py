"""Reading the feed for one deployment."""

from uuid import UUID

from sqlalchemy import text

from slipway.database.engine import ReadSession
from slipway.database.queries.feed import FeedRow

_COLUMNS = """
    SELECT event_id, type, subject, deployment_id, deployment_seq, owner_id, actor_json, data_json,
        coalesce(epoch, 0) AS epoch, coalesce(pos, 0) AS pos, created_at
    FROM outbox_event WHERE deployment_id = :deployment
    """
_OLDEST_FIRST = text(f"{_COLUMNS} AND deployment_seq > :after ORDER BY deployment_seq LIMIT :limit")
_NEWEST_FIRST = text(f"{_COLUMNS} AND deployment_seq < :after ORDER BY deployment_seq DESC LIMIT :limit")
_END = (1 << 63) - 1


async def of_deployment(
    session: ReadSession, *, deployment: UUID, after: int, limit: int, newest_first: bool = False
) -> list[FeedRow]:
    """Return a deployment's events past one of them (`deployment_seq`, or 0) in their order, or from the newest back.

    Those that have no place in the feed yet are among them.
    """
    statement = _NEWEST_FIRST if newest_first else _OLDEST_FIRST
    past = after or _END if newest_first else after
    values = {"deployment": deployment, "after": past, "limit": limit}
    return [FeedRow(**row) for row in (await session.execute(statement, values)).mappings()]
