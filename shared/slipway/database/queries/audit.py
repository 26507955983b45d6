"""The audit trail: what people asked for. It is the feed, read by another question."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import ReadSession

_PAGE = text(
    """
    SELECT o.id, o.event_id, o.type, o.subject, o.actor_json AS actor, o.data_json AS data, o.created_at, u.email,
        o.type = 'dev.slipway.request.refused.v1' AS refused
    FROM outbox_event o LEFT JOIN users u ON u.id::text = o.actor_json ->> 'id'
    WHERE o.actor_json ->> 'kind' <> 'system'
      AND (CAST(:before AS bigint) IS NULL OR o.id < :before)
      AND (CAST(:actor AS text) IS NULL OR o.actor_json ->> 'id' = :actor)
      AND (CAST(:deployment AS uuid) IS NULL OR o.deployment_id = :deployment)
      AND (CAST(:action AS text) IS NULL OR o.type = :action)
      AND (CAST(:result AS text) IS NULL OR (o.type = 'dev.slipway.request.refused.v1') = (:result = 'refused'))
      AND (CAST(:since AS timestamptz) IS NULL OR o.created_at >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR o.created_at < :until)
    ORDER BY o.id DESC LIMIT :limit
    """
)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which actions; None admits all."""

    actor: str | None = None
    deployment: UUID | None = None
    action: str | None = None
    result: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    event_id: UUID
    type: str
    subject: str | None
    actor: dict[str, Any]
    data: dict[str, Any]
    created_at: datetime
    email: str | None
    refused: bool


async def page(session: ReadSession, wanted: Wanted, *, before: int | None, limit: int) -> list[AuditRow]:
    """Return actions, newest first, before a position."""
    values = {**msgspec.structs.asdict(wanted), "before": before, "limit": limit}
    return [AuditRow(**row) for row in (await session.execute(_PAGE, values)).mappings()]
