"""The feed's positions: gapless, in the order of commits; and its pages."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import Database, ReadSession, WriteSession
from slipway.database.hot import Statement
from slipway.domain.events import CloudEvent

_LOCK = text("SELECT pos FROM feed WHERE id = 1 FOR UPDATE")
_STAMP = text(
    """
    WITH fresh AS (
        SELECT id, row_number() OVER (ORDER BY id) AS place FROM outbox_event WHERE pos IS NULL ORDER BY id LIMIT 1000),
    stamped AS (
        UPDATE outbox_event o SET pos = :pos + fresh.place, epoch = (SELECT epoch FROM installation WHERE id = 1)
        FROM fresh WHERE o.id = fresh.id RETURNING o.pos)
    UPDATE feed SET pos = greatest(feed.pos, coalesce((SELECT max(pos) FROM stamped), 0)) WHERE id = 1
    """
)
_STAMP_NEXT = Statement(
    """
    WITH held AS MATERIALIZED (
        SELECT pos FROM feed WHERE id = 1 AND pos = :pos AND EXISTS (SELECT FROM outbox_event WHERE pos IS NULL) FOR UPDATE),
    fresh AS (
        SELECT id, row_number() OVER (ORDER BY id) AS place
        FROM (SELECT id FROM outbox_event WHERE pos IS NULL ORDER BY id LIMIT :limit) o, held),
    stamped AS (
        UPDATE outbox_event o SET pos = held.pos + fresh.place, epoch = :epoch FROM fresh, held WHERE o.id = fresh.id
        RETURNING o.event_id, o.type, o.subject, o.deployment_id, o.deployment_seq, o.owner_id, o.actor_json, o.data_json,
            o.epoch, o.pos, o.created_at),
    moved AS (UPDATE feed SET pos = (SELECT max(pos) FROM stamped) WHERE id = 1 AND EXISTS (SELECT FROM stamped))
    SELECT f.pos = :pos AND i.epoch = :epoch AND (EXISTS (SELECT FROM held)
            OR NOT EXISTS (SELECT FROM outbox_event WHERE pos IS NULL)) AS known, s.*
    FROM feed f JOIN installation i ON i.id = f.id LEFT JOIN stamped s ON true WHERE f.id = 1 ORDER BY s.pos
    """
)
_UNSTAMPED = text("SELECT EXISTS (SELECT FROM outbox_event WHERE pos IS NULL)")
_HEAD = text("SELECT i.uid, i.epoch, f.pos FROM installation i, feed f WHERE i.id = 1 AND f.id = 1")
_PAGE = """
    SELECT event_id, type, subject, deployment_id, deployment_seq, owner_id, actor_json, data_json, epoch, pos, created_at
    FROM outbox_event WHERE (epoch, pos) > (:epoch, :pos) {more} ORDER BY epoch, pos LIMIT :limit
"""
_AFTER = text(_PAGE.format(more=""))
_AFTER_SINCE = text(_PAGE.format(more="AND created_at > now() - interval '30 days'"))
# In two halves: of `(epoch, pos) > (…)` the planner judges the first column only, and reads the feed of all from there on.
_OWNED_HALF = """
    (SELECT event_id, type, subject, deployment_id, deployment_seq, owner_id, actor_json, data_json, epoch, pos, created_at
     FROM outbox_event WHERE owner_id = :owner AND {which} ORDER BY epoch, pos LIMIT :limit)
"""
_AFTER_OWNED = text(
    _OWNED_HALF.format(which="epoch = :epoch AND pos > :pos")
    + " UNION ALL "
    + _OWNED_HALF.format(which="epoch > :epoch")
    + " ORDER BY epoch, pos LIMIT :limit"
)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Who this installation is, and the last position given."""

    uid: UUID
    epoch: int
    pos: int


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A stamped outbox row."""

    event_id: UUID
    type: str
    subject: str | None
    deployment_id: UUID | None
    deployment_seq: int | None
    owner_id: UUID | None
    actor_json: dict[str, Any]
    data_json: dict[str, Any]
    epoch: int
    pos: int
    created_at: datetime


async def stamp(session: WriteSession) -> None:
    """Number what is visible and not yet numbered. One stamper at a time."""
    if (await session.execute(_UNSTAMPED)).scalar_one():
        pos = (await session.execute(_LOCK)).scalar_one()
        await session.execute(_STAMP, {"pos": pos})


async def stamp_next(database: Database, head: Head, *, limit: int) -> list[FeedRow] | None:
    """Number what is new after a head by one statement, and return it; None when somebody else has moved the head on.

    Whoever holds the head's row and finds it where it was sees all that was numbered before: nobody else can have.
    """
    rows = await database.hot_once(_STAMP_NEXT, pos=head.pos, epoch=head.epoch, limit=limit)
    if not rows[0]["known"]:
        return None
    found = [{name: value for name, value in row.items() if name != "known"} for row in rows if row["pos"] is not None]
    return [FeedRow(**row) for row in found]


async def head(session: ReadSession) -> Head:
    row = (await session.execute(_HEAD)).one()
    return Head(uid=row.uid, epoch=row.epoch, pos=row.pos)


async def page(
    session: ReadSession,
    *,
    epoch: int,
    pos: int,
    limit: int,
    owner: UUID | None = None,
    recent_only: bool = False,
) -> list[FeedRow]:
    """Return events after a position, oldest first; of one owner when given; of the last 30 days when asked so."""
    values: dict[str, Any] = {"epoch": epoch, "pos": pos, "limit": limit}
    statement = _AFTER_SINCE if recent_only else _AFTER
    if owner is not None:
        statement, values["owner"] = _AFTER_OWNED, owner
    return [FeedRow(**row) for row in (await session.execute(statement, values)).mappings()]


def cloud_event(row: FeedRow, installation: UUID) -> CloudEvent:
    """Return the public form of a row."""
    return CloudEvent(
        id=str(row.event_id),
        source=f"slipway/{installation}",
        type=row.type,
        time=row.created_at,
        slipwaypos=row.pos,
        slipwayepoch=row.epoch,
        subject=row.subject,
        slipwayseq=row.deployment_seq,
        slipwayowner=row.owner_id,
        data={"actor": row.actor_json, **row.data_json},
    )
