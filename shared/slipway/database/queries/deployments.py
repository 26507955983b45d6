"""Deployments, read, locked and written, with their revisions."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import TextClause, insert, select, text

from slipway.database.engine import ReadSession, Statements, WriteSession
from slipway.database.errors import taken
from slipway.database.models import Deployment, DeploymentRevision, ProductTemplateVersion
from slipway.database.queries import outbox, rows
from slipway.database.queries.outbox import News
from slipway.database.queries.pages import Cursor
from slipway.database.queries.rows import DeploymentRow, TemplateRow
from slipway.domain.jobs import IN_FLIGHT, WAITING
from slipway.identity import new_id

_ONE = text(
    f"""
    SELECT {rows.DEPLOYMENT}, {rows.TEMPLATE} FROM deployment d JOIN product_template_version t ON t.id = d.desired_template_id
    {rows.PRODUCT_AND_CURRENT} WHERE d.id = :id
    """  # noqa: S608 - names of columns
)
_TEMPLATES = text(
    f"SELECT {rows.TEMPLATE} FROM product_template_version t {rows.PRODUCT_AND_CURRENT} WHERE t.id = ANY(:ids)"  # noqa: S608
)
_LOCK = text(
    f"""
    WITH d AS MATERIALIZED (SELECT * FROM deployment WHERE id = :id FOR NO KEY UPDATE)
    SELECT {rows.DEPLOYMENT}, {rows.TEMPLATE}
    FROM d LEFT JOIN (product_template_version t {rows.PRODUCT_AND_CURRENT}) ON t.id = d.desired_template_id
    """  # noqa: S608 - names of columns
)
"""Locked first and joined then: a join that is locked loses a row whose version is another one after the wait."""
_UNFINISHED = ", ".join(f"'{each.value}'" for each in (*WAITING, *IN_FLIGHT))
_HAS_JOB = text(
    f"""
    SELECT EXISTS (SELECT FROM deployment_reconcile_job WHERE deployment_id = :deployment AND status IN ({_UNFINISHED}))
    """  # noqa: S608 - literals of an enum
)


async def get(asked: Statements, deployment: UUID) -> DeploymentRow | None:
    """Return the deployment as the database has it now."""
    row = (await asked.execute(_ONE, {"id": deployment})).one_or_none()
    return rows.whole_of(row) if row else None


async def page(
    asked: Statements, *, cursor: Cursor | None, limit: int, user: UUID, deleted: bool, status: str | None
) -> Sequence[DeploymentRow]:
    """Return a user's deployments, newest first, one more than the limit when there are more. A template is read once."""
    values = {"user": user, "status": status, "limit": limit + 1}
    if cursor:
        values |= {"at": cursor.at, "after": cursor.id}
    statement = _page(deleted=deleted, by_status=status is not None, later=cursor is not None)
    found = (await asked.execute(statement, values)).all()
    templates = await _templates(asked, {row[rows.WANTED] for row in found})
    return [rows.deployment_of(row, templates[row[rows.WANTED]]) for row in found]


async def lock(asked: Statements, deployment: UUID) -> DeploymentRow | None:
    """Lock and return the deployment as it is now: after its user's row, before its job's.

    What is told of its product is from before a wait.
    """
    row = (await asked.execute(_LOCK, {"id": deployment})).one_or_none()
    if row is None:
        return None
    return rows.whole_of(row) or await get(asked, deployment)  # its version came while this statement waited


async def add(session: WriteSession, **fields: Any) -> UUID:
    """Insert a deployment. Taken when its domain is in use."""
    deployment = new_id()
    with taken():
        await session.execute(insert(Deployment).values(id=deployment, scan_after=None, **fields))
    return deployment


async def change(
    asked: Statements, deployment: DeploymentRow, news: News | None = None, **fields: Any
) -> DeploymentRow:
    """Write fields, with an event of it, and return it as it is now. Taken when the domain is in use."""
    values = {name: _json(value) if name.endswith("_json") else value for name, value in fields.items()}
    if news:
        values |= outbox.values_of(news)
    statement = _change(frozenset(fields), told=news is not None)
    with taken():
        row = (await asked.execute(statement, {**values, "id": deployment.id})).one()
    template = deployment.template
    if row[rows.WANTED] != template.id:
        template = (await _templates(asked, {row[rows.WANTED]}))[row[rows.WANTED]]
    return rows.deployment_of(row, template)


@cache
def _change(names: frozenset[str], *, told: bool) -> TextClause:
    given = [
        f"{name} = " + (f"CAST(:{name} AS jsonb)" if name.endswith("_json") else f":{name}") for name in sorted(names)
    ]
    written = ", ".join([*given, *([outbox.MOVE_ON] if told else [])])
    event = f", told AS ({outbox.INSERT_NEXT})" if told else ""
    return text(
        f"WITH d AS (UPDATE deployment SET {written} WHERE id = :id RETURNING *) {event}"  # noqa: S608 - names of columns
        f" SELECT {rows.DEPLOYMENT} FROM d"
    )


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


async def revisions(session: ReadSession, *, deployment: UUID, limit: int) -> Sequence[DeploymentRevision]:
    """Return the newest revisions, newest first."""
    statement = (
        select(DeploymentRevision)
        .where(DeploymentRevision.deployment_id == deployment)
        .order_by(DeploymentRevision.revision.desc())
        .limit(limit)
    )
    return (await session.execute(statement)).scalars().all()


async def revision(session: ReadSession, *, deployment: UUID, revision: int) -> DeploymentRevision | None:
    """Return one revision by Helm's number."""
    statement = select(DeploymentRevision).where(
        DeploymentRevision.deployment_id == deployment, DeploymentRevision.revision == revision
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def has_job(asked: Statements, deployment: UUID) -> bool:
    """Tell whether a job of the deployment waits or is in flight."""
    return (await asked.execute(_HAS_JOB, {"deployment": deployment})).scalar_one()


async def of_user(session: WriteSession, user: UUID) -> Sequence[UUID]:
    """Return the ids of a user's live deployments."""
    statement = (
        select(Deployment.id)
        .where(Deployment.user_id == user, Deployment.deleted_at.is_(None))
        .order_by(Deployment.id)  # whoever locks several does it in this order
    )
    return (await session.execute(statement)).scalars().all()


async def of_product(session: WriteSession, product: UUID) -> Sequence[UUID]:
    """Return the ids of the live deployments of a product."""
    statement = (
        select(Deployment.id)
        .join(ProductTemplateVersion, ProductTemplateVersion.id == Deployment.desired_template_id)
        .where(ProductTemplateVersion.product_id == product, Deployment.deleted_at.is_(None))
        .order_by(Deployment.id)
    )
    return (await session.execute(statement)).scalars().all()


async def _templates(asked: Statements, wanted: set[UUID]) -> dict[UUID, TemplateRow]:
    """Return versions by id: each is read once, however many deployments want it."""
    found = (await asked.execute(_TEMPLATES, {"ids": list(wanted)})).all() if wanted else ()
    return {each.id: each for each in map(rows.template_of, found)}


@cache
def _page(*, deleted: bool, by_status: bool, later: bool) -> TextClause:
    conditions = ["d.user_id = :user"]
    if not deleted:
        conditions.append("d.deleted_at IS NULL")
    if by_status:
        conditions.append("d.status = :status")
    if later:
        conditions.append("(d.created_at, d.id) < (:at, :after)")
    return text(
        f"SELECT {rows.DEPLOYMENT} FROM deployment d WHERE {' AND '.join(conditions)}"  # noqa: S608 - names of columns
        " ORDER BY d.created_at DESC, d.id DESC LIMIT :limit"
    )
