"""Products, as admins manage them."""

from typing import Any

from msgspec import UNSET

from slipway.database.engine import WriteSession
from slipway.database.errors import Taken
from slipway.database.models import Product
from slipway.database.queries import deployments, outbox, products, templates
from slipway.domain.events import EventType
from slipway.domain.naming import slugify
from slipway.domain.values import Problem
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.operations import deployments as deployment_operations
from slipway_api.problems import ApiError, not_found
from slipway_api.schemas.products import ProductCreate, ProductUpdate


def _texts(body: ProductCreate | ProductUpdate) -> list[Problem]:
    limits = {"name": 255, "description": 10_000, "icon": 100_000}
    found: list[Problem] = []
    for field, longest in limits.items():
        text = getattr(body, field)
        if isinstance(text, str) and (not 0 < len(text.strip()) <= longest or "\0" in text):
            found.append(Problem(pointer=f"/{field}", message=f"has 1 to {longest} characters"))
    return found


async def create(session: WriteSession, caller: Caller, body: ProductCreate) -> Product:
    """Insert a product; its slug is made of its name when there is none."""
    found = _texts(body)
    slug = slugify(body.name) if body.slug is None else body.slug
    if slugify(slug) != slug:
        found.append(Problem(pointer="/slug", message="is lower-case letters, digits and dashes, at most 63"))
    if found:
        raise ApiError("invalid", errors=found)
    try:
        product = await products.add(
            session, name=body.name.strip(), slug=slug, description=body.description, icon=body.icon
        )
    except Taken:
        raise ApiError("name_taken", "another product has this name") from None
    await _tell(session, caller, EventType.PRODUCT_CREATED, product, {"slug": slug})
    found_product = await products.get(session, product)
    if found_product is None:
        raise not_found("product")
    return found_product


async def change(session: WriteSession, caller: Caller, product: Product, body: ProductUpdate) -> None:
    """Write what differs; a current version must be a live one of this product."""
    found = _texts(body)
    wanted: dict[str, Any] = {}
    for field in ("name", "description", "icon", "template_id"):
        value = getattr(body, field)
        if value is not UNSET and value != getattr(product, field):
            wanted[field] = value
    if wanted.get("template_id") is not None:
        template = await templates.get(session, wanted["template_id"])
        if template is None or template.deleted_at is not None or template.product_id != product.id:
            found.append(Problem(pointer="/template_id", message="is no live version of this product"))
    if found:
        raise ApiError("invalid", errors=found)
    if not wanted:
        return
    try:
        await products.change(session, product, **wanted)
    except Taken:
        raise ApiError("name_taken", "another product has this name") from None
    await _tell(session, caller, EventType.PRODUCT_CHANGED, product.id, {"fields": sorted(wanted)})


async def delete(session: WriteSession, caller: Caller, product: Product, *, cascade: bool) -> None:
    """Delete a product; live deployments refuse it unless `cascade` deletes them too."""
    live = await deployments.of_product(session, product.id)
    if live and not cascade:
        raise ApiError("in_use", f"the product has {len(live)} live deployments: delete them, or add ?cascade=true")
    for deployment in live:
        found = await deployments.lock(session, deployment)
        if found:
            await deployment_operations.delete(session, caller, found)
    await products.delete(session, product.id)
    await _tell(session, caller, EventType.PRODUCT_DELETED, product.id, {"deployments": len(live)})


async def _tell(session: WriteSession, caller: Caller, event: EventType, product: object, data: dict[str, Any]) -> None:
    await outbox.record(
        session, event, actor=actor(caller), data={"product": str(product), **data}, subject=f"products/{product}"
    )
