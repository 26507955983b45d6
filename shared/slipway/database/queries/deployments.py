"""Deployments as they are locked and written, with their revisions; `shown` reads them."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import TextClause, insert, select, text

from slipway.database.engine import ReadSession, Statements, WriteSession
from slipway.database.errors import taken
from slipway.database.models import Deployment, DeploymentRevision, ProductTemplateVersion
from slipway.database.queries import outbox, shown
from slipway.database.queries.outbox import Told
from slipway.database.queries.shown import ShownDeployment
from slipway.domain.jobs import IN_FLIGHT, WAITING
from slipway.identity import new_id

_LOCK = text(
    f"""
    WITH d AS MATERIALIZED (SELECT * FROM deployment WHERE id = :id FOR NO KEY UPDATE)
    SELECT {shown.DEPLOYMENT}, {shown.TEMPLATE}
    FROM d LEFT JOIN (product_template_version t {shown.PRODUCT_AND_CURRENT}) ON t.id = d.desired_template_id
    """  # noqa: S608 - names of columns
)
"""Locked first and joined then: a join that is locked loses a row whose version is another one after the wait."""
_UNFINISHED = ", ".join(f"'{each.value}'" for each in (*WAITING, *IN_FLIGHT))
_HAS_JOB = text(
    f"""
    SELECT EXISTS (SELECT FROM deployment_reconcile_job WHERE deployment_id = :deployment AND status IN ({_UNFINISHED}))
    """  # noqa: S608 - literals of an enum
)


async def lock(asked: Statements, deployment: UUID) -> ShownDeployment | None:
    """Lock and return the deployment as it is now: after its user's row, before its job's."""
    row = (await asked.execute(_LOCK, {"id": deployment})).one_or_none()
    if row is None:
        return None
    return shown.whole_of(row) or await shown.get(asked, deployment)  # its version came while this statement waited


async def add(session: WriteSession, **fields: Any) -> UUID:
    """Insert a deployment. Taken when its domain is in use."""
    deployment = new_id()
    with taken():
        await session.execute(insert(Deployment).values(id=deployment, scan_after=None, **fields))
    return deployment


async def change(
    asked: Statements, deployment: ShownDeployment, told: Told | None = None, **fields: Any
) -> ShownDeployment:
    """Write fields, with the event that tells of it, and return it as it is now. Taken when the domain is in use."""
    values = {name: _json(value) if name.endswith("_json") else value for name, value in fields.items()}
    if told:
        values |= outbox.values_of(told.event, told.actor, told.data)
    statement = _change(frozenset(fields), told=told is not None)
    with taken():
        row = (await asked.execute(statement, {**values, "id": deployment.id})).one()
    template = deployment.template
    if fields.get("desired_template_id", template.id) != template.id:
        template = await shown.template(asked, fields["desired_template_id"])
    return shown.deployment_of(row, template)


@cache
def _change(names: frozenset[str], *, told: bool) -> TextClause:
    given = [
        f"{name} = " + (f"CAST(:{name} AS jsonb)" if name.endswith("_json") else f":{name}") for name in sorted(names)
    ]
    written = ", ".join([*given, *([outbox.MOVE_ON] if told else [])])
    event = f", told AS ({outbox.INSERT_NEXT})" if told else ""
    return text(
        f"WITH d AS (UPDATE deployment SET {written} WHERE id = :id RETURNING *) {event}"  # noqa: S608 - names of columns
        f" SELECT {shown.DEPLOYMENT} FROM d"
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
