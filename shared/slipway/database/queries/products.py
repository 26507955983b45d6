"""Products."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import selectinload

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.errors import taken
from slipway.database.models import Product
from slipway.database.queries import pages
from slipway.database.queries.pages import Cursor
from slipway.identity import new_id


async def get(session: ReadSession, product: UUID) -> Product | None:
    """Return the live product with its current template."""
    statement = (
        select(Product)
        .where(Product.id == product, Product.deleted_at.is_(None))
        .options(selectinload(Product.template))
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def lock(session: WriteSession, product: UUID) -> Product | None:
    """Lock and return the live product, first in the lock order: its changes follow each other, deployments are made on."""
    statement = select(Product).where(Product.id == product, Product.deleted_at.is_(None))
    locked = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(locked)).scalar_one_or_none()


async def close(session: WriteSession, product: UUID) -> Product | None:
    """Lock and return the live product against all else: who makes a deployment of it waits, and then finds it gone."""
    statement = select(Product).where(Product.id == product, Product.deleted_at.is_(None))
    locked = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(locked)).scalar_one_or_none()


async def page(session: ReadSession, *, cursor: Cursor | None, limit: int) -> Sequence[Product]:
    statement = select(Product).where(Product.deleted_at.is_(None)).options(selectinload(Product.template))
    return (await session.execute(pages.page(statement, Product, cursor, limit))).scalars().all()


async def add(session: WriteSession, **fields: Any) -> UUID:
    """Insert a product. Taken when the name is in use."""
    product = Product(id=new_id(), **fields)
    session.add(product)
    with taken():
        await session.flush()
    return product.id


async def change(session: WriteSession, product: Product, **fields: Any) -> None:
    """Write fields. Taken when the name is in use."""
    for name, value in fields.items():
        setattr(product, name, value)
    with taken():
        await session.flush()


async def delete(session: WriteSession, product: UUID) -> None:
    await session.execute(
        text("UPDATE product SET deleted_at = now(), template_id = NULL WHERE id = :id"), {"id": product}
    )
