"""Deployments: what users asked for, and what they see of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.attributes import flag_modified, set_committed_value

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.errors import taken
from slipway.database.models import (
    Deployment,
    DeploymentReconcileJob,
    DeploymentRevision,
    ProductTemplateVersion,
)
from slipway.database.queries import pages
from slipway.database.queries.pages import Cursor
from slipway.domain.jobs import IN_FLIGHT, WAITING
from slipway.identity import new_id

_WHOLE = joinedload(Deployment.template, innerjoin=True).joinedload(ProductTemplateVersion.product, innerjoin=True)
"""One statement for one row."""
_WHOLE_PAGE = selectinload(Deployment.template).selectinload(ProductTemplateVersion.product)
"""Three for a page, in which a template is read once however many deployments have it."""


async def get(session: ReadSession, deployment: UUID) -> Deployment | None:
    """Return the deployment, as the database has it now, with its template and product, and that one's current template."""
    statement = (
        select(Deployment).where(Deployment.id == deployment).options(_WHOLE).execution_options(populate_existing=True)
    )
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is not None:
        await _add_current(session, [found])
    return found


async def lock(session: WriteSession, deployment: UUID) -> Deployment | None:
    """Lock and return the deployment: after its user's row, before its job's."""
    statement = (
        select(Deployment)
        .where(Deployment.id == deployment)
        .options(_WHOLE)
        .with_for_update(key_share=True, of=Deployment)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def page(
    session: ReadSession,
    *,
    cursor: Cursor | None,
    limit: int,
    user: UUID | None,
    deleted: bool,
    status: str | None,
) -> Sequence[Deployment]:
    statement = select(Deployment).options(_WHOLE_PAGE)
    if user is not None:
        statement = statement.where(Deployment.user_id == user)
    if not deleted:
        statement = statement.where(Deployment.deleted_at.is_(None))
    if status is not None:
        statement = statement.where(Deployment.status == status)
    found = (await session.execute(pages.page(statement, Deployment, cursor, limit))).scalars().all()
    await _add_current(session, found)
    return found


async def _add_current(session: ReadSession, found: Sequence[Deployment]) -> None:
    """Fill in the current template of their products: a loader that went round from template to template loses its way."""
    own = {row.template.id: row.template for row in found}
    wanted = {row.template.product.template_id for row in found} - own.keys() - {None}
    if wanted:
        statement = select(ProductTemplateVersion).where(ProductTemplateVersion.id.in_(wanted))
        own |= {each.id: each for each in (await session.execute(statement)).scalars()}
    for row in found:
        product = row.template.product
        set_committed_value(product, "template", own.get(product.template_id) if product.template_id else None)


async def add(session: WriteSession, **fields: Any) -> UUID:
    """Insert a deployment. Taken when its domain is in use."""
    deployment = new_id()
    with taken():
        await session.execute(insert(Deployment).values(id=deployment, scan_after=None, **fields))
    return deployment


async def change(session: WriteSession, deployment: Deployment, **fields: Any) -> None:
    """Write fields. Taken when the domain is in use."""
    for name, value in fields.items():
        setattr(deployment, name, value)
        flag_modified(deployment, name)  # else a JSON 1 that becomes true counts as no change
    with taken():
        await session.flush()


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


async def has_job(session: ReadSession, deployment: UUID) -> bool:
    """Tell whether a job of the deployment waits or is in flight."""
    unfinished = [*(each.value for each in WAITING), *(each.value for each in IN_FLIGHT)]
    statement = select(DeploymentReconcileJob.id).where(
        DeploymentReconcileJob.deployment_id == deployment, DeploymentReconcileJob.status.in_(unfinished)
    )
    return (await session.execute(statement.limit(1))).one_or_none() is not None


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
