"""Writing to the feed: an event goes in with the change that it tells."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import Statements
from slipway.database.hot import Hot, Statement
from slipway.domain.events import Actor, EventType
from slipway.identity import new_id

_INSERT = text(
    "INSERT INTO outbox_event (event_id, type, subject, owner_id, actor_json, data_json)"
    " VALUES (:event_id, :type, :subject, :owner_id, CAST(:actor AS jsonb), CAST(:data AS jsonb))"
)
_INSERT_FIRST = text(
    "INSERT INTO outbox_event (event_id, type, subject, deployment_id, deployment_seq, owner_id, actor_json, data_json)"
    " VALUES (:event_id, :type, :subject, :deployment, 1, :owner_id, CAST(:actor AS jsonb), CAST(:data AS jsonb))"
)
MOVE_ON = "event_seq = event_seq + 1"
"""What an update of one deployment sets that tells an event of it."""
INSERT_NEXT = """
    INSERT INTO outbox_event
        (event_id, type, subject, deployment_id, deployment_seq, owner_id, actor_json, data_json)
    SELECT :event_id, :type, 'deployments/' || d.id, d.id, d.event_seq, d.user_id,
        CAST(:actor AS jsonb), CAST(:data AS jsonb) FROM d
"""
"""And the event; `d` is the updated row. Its parameters are those of `values_of`."""
_INSERT_OF_DEPLOYMENT = text(
    f"""
    WITH d AS (UPDATE deployment SET {MOVE_ON} WHERE id = :deployment RETURNING id, event_seq, user_id)
    {INSERT_NEXT} RETURNING deployment_seq
    """  # noqa: S608 - fixed words only
)
TOLD = """
    told AS (
        SELECT *, row_number() OVER (PARTITION BY deployment ORDER BY place) AS step
        FROM unnest(CAST(:ids AS uuid[]), CAST(:types AS text[]), CAST(:deployments AS uuid[]), CAST(:actors AS text[]),
                    CAST(:data AS text[])) WITH ORDINALITY AS t (id, type, deployment, actor, data, place)),
    steps AS (SELECT deployment, count(*) AS number FROM told GROUP BY deployment)
"""
"""Events as rows, numbered for each deployment: the first words of a statement that moves `event_seq` on, by `steps`."""
INSERT_TOLD = """
    INSERT INTO outbox_event
        (event_id, type, subject, deployment_id, deployment_seq, owner_id, actor_json, data_json)
    SELECT told.id, told.type, 'deployments/' || d.id, d.id, d.before + told.step, d.user_id,
        CAST(told.actor AS jsonb), CAST(told.data AS jsonb)
    FROM told JOIN d ON d.id = told.deployment ORDER BY told.place
"""
"""Its last words; `d` has the deployments: `id`, `user_id`, and `event_seq` as it was as `before`."""
_INSERT_MANY = Statement(
    f"""
    WITH {TOLD},
    d AS (UPDATE deployment SET event_seq = event_seq + steps.number FROM steps
          WHERE id = steps.deployment RETURNING id, event_seq - steps.number AS before, user_id)
    {INSERT_TOLD}
    """  # noqa: S608 - fixed words only
)


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What an event says; `data` holds no secret."""

    event: EventType
    actor: Actor
    data: dict[str, Any]


class Told(News, frozen=True, kw_only=True):
    """An event of a deployment."""

    deployment: UUID


async def record(
    session: Statements,
    event: EventType,
    *,
    actor: Actor,
    data: dict[str, Any],
    subject: str | None = None,
    deployment: UUID | None = None,
    owner: UUID | None = None,
) -> None:
    """Insert one event. For a deployment the subject, owner and `deployment_seq` are filled in; `data` holds no secret."""
    values = values_of(News(event=event, actor=actor, data=data))
    if deployment is not None:
        (await session.execute(_INSERT_OF_DEPLOYMENT, {**values, "deployment": deployment})).one()
    else:
        await session.execute(_INSERT, {**values, "subject": subject, "owner_id": owner})


async def record_first(
    session: Statements, event: EventType, *, actor: Actor, data: dict[str, Any], deployment: UUID, owner: UUID
) -> None:
    """Insert the first event of a deployment, which this transaction inserted with `event_seq` 1."""
    place = {"subject": f"deployments/{deployment}", "deployment": deployment, "owner_id": owner}
    await session.execute(_INSERT_FIRST, {**values_of(News(event=event, actor=actor, data=data)), **place})


def values_of(news: News) -> dict[str, Any]:
    """Return the parameters of one event."""
    return {
        "event_id": new_id(),
        "type": news.event.value,
        "actor": msgspec.json.encode(news.actor).decode(),
        "data": msgspec.json.encode(news.data).decode(),
    }


async def record_all(hot: Hot, told: Sequence[Told]) -> None:
    """Insert events of deployments whose rows this transaction has locked, in their order."""
    if told:
        await hot.fetch(_INSERT_MANY, **columns_of(told))


def columns_of(told: Sequence[Told]) -> dict[str, list[Any]]:
    """Return the parameters of TOLD."""
    return {
        "ids": [new_id() for _ in told],
        "types": [each.event.value for each in told],
        "deployments": [each.deployment for each in told],
        "actors": [msgspec.json.encode(each.actor).decode() for each in told],
        "data": [msgspec.json.encode(each.data).decode() for each in told],
    }
