"""Writing to the feed: an event goes in with the change that it tells."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import WriteSession
from slipway.domain.events import Actor, EventType
from slipway.identity import new_id

_NEXT_SEQ = text("UPDATE deployment SET event_seq = event_seq + 1 WHERE id = :id RETURNING event_seq, user_id")
_INSERT = text(
    "INSERT INTO outbox_event"
    " (event_id, type, subject, deployment_id, deployment_seq, owner_id, actor_json, data_json)"
    " VALUES (:event_id, :type, :subject, :deployment_id, :seq, :owner_id,"
    " CAST(:actor AS jsonb), CAST(:data AS jsonb))"
)


async def record(
    session: WriteSession,
    event: EventType,
    *,
    actor: Actor,
    data: dict[str, Any],
    subject: str | None = None,
    deployment: UUID | None = None,
    owner: UUID | None = None,
) -> None:
    """Insert one event. For a deployment the subject, owner and `deployment_seq` are filled in; `data` holds no secret."""
    seq = None
    if deployment is not None:
        seq, owner = (await session.execute(_NEXT_SEQ, {"id": deployment})).one()
        subject = f"deployments/{deployment}"
    await session.execute(
        _INSERT,
        {
            "event_id": new_id(),
            "type": event.value,
            "subject": subject,
            "deployment_id": deployment,
            "seq": seq,
            "owner_id": owner,
            "actor": msgspec.json.encode(actor).decode(),
            "data": msgspec.json.encode(data).decode(),
        },
    )
