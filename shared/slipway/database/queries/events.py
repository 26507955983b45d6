"""Reading the feed for one deployment."""

from uuid import UUID

from sqlalchemy import text

from slipway.database.engine import ReadSession
from slipway.database.queries.feed import FeedRow

_OF_DEPLOYMENT = text(
    """
    SELECT event_id, type, subject, deployment_id, deployment_seq, owner_id, actor_json, data_json,
        coalesce(epoch, 0) AS epoch, coalesce(pos, 0) AS pos, created_at
    FROM outbox_event WHERE deployment_id = :deployment AND deployment_seq > :after ORDER BY deployment_seq LIMIT :limit
    """
)


async def of_deployment(session: ReadSession, *, deployment: UUID, after: int, limit: int) -> list[FeedRow]:
    """Return a deployment's events after one of them (`deployment_seq`), oldest first, those not yet numbered too."""
    values = {"deployment": deployment, "after": after, "limit": limit}
    return [FeedRow(**row) for row in (await session.execute(_OF_DEPLOYMENT, values)).mappings()]
