"""Template versions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import joinedload, selectinload

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.models import Product, ProductTemplateVersion
from slipway.database.queries import pages
from slipway.database.queries.pages import Cursor
from slipway.identity import new_id


async def get(session: ReadSession, template: UUID) -> ProductTemplateVersion | None:
    """Return the version, withdrawn or not, with its product."""
    statement = (
        select(ProductTemplateVersion)
        .where(ProductTemplateVersion.id == template)
        .options(joinedload(ProductTemplateVersion.product, innerjoin=True))
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def hold(session: WriteSession, template: UUID) -> ProductTemplateVersion | None:
    """Return the version as `get` does; its product cannot be deleted before this transaction has ended."""
    statement = (
        select(ProductTemplateVersion)
        .where(ProductTemplateVersion.id == template)
        .options(joinedload(ProductTemplateVersion.product, innerjoin=True))
        .with_for_update(read=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def page(
    session: ReadSession, *, product: UUID, cursor: Cursor | None, limit: int
) -> Sequence[ProductTemplateVersion]:
    statement = (
        select(ProductTemplateVersion)
        .where(ProductTemplateVersion.product_id == product, ProductTemplateVersion.deleted_at.is_(None))
        .options(selectinload(ProductTemplateVersion.product))
    )
    return (await session.execute(pages.page(statement, ProductTemplateVersion, cursor, limit))).scalars().all()


_MAKE_CURRENT = text("UPDATE product SET template_id = :template WHERE id = :product AND template_id IS NULL")


async def add(session: WriteSession, product: Product, **fields: Any) -> UUID:
    """Insert a version; it becomes the product's current one when there is none."""
    template = ProductTemplateVersion(id=new_id(), product_id=product.id, **fields)
    session.add(template)
    await session.flush()
    await session.execute(_MAKE_CURRENT, {"template": template.id, "product": product.id})
    return template.id


async def withdraw(session: WriteSession, template: UUID) -> bool:
    """Withdraw a version and clear it where it is current; False when it was withdrawn before."""
    statement = text(
        "UPDATE product_template_version SET deleted_at = now() WHERE id = :id AND deleted_at IS NULL RETURNING id"
    )
    found = (await session.execute(statement, {"id": template})).one_or_none()
    await session.execute(text("UPDATE product SET template_id = NULL WHERE template_id = :id"), {"id": template})
    return found is not None
