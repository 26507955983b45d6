"""Template versions."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from slipway.database.queries import products, templates
from slipway_api.accepting import Answer, Idempotent, accepting
from slipway_api.auth.gate import admin_of, caller_of
from slipway_api.deps import Deps
from slipway_api.operations import templates as operations
from slipway_api.problems import not_found
from slipway_api.schemas.common import Page, cursor_of, limit_of, page_of
from slipway_api.schemas.products import ProductTemplateVersionCreate, ProductTemplateVersionRead, read_template

Req = Request[Any, Any, Any]


@get("/products/{product_id:uuid}/templates", tags=["templates"])
async def list_templates(
    product_id: FromPath[UUID],
    request: Req,
    deps: NamedDependency[Deps],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> Page[ProductTemplateVersionRead]:
    """List a product's live versions, newest first."""
    async with deps.database.reading(caller_of(request).scope) as session:
        if await products.get(session, product_id) is None:
            raise not_found("product")
        rows = await templates.page(session, product=product_id, cursor=cursor_of(cursor), limit=limit_of(limit))
        return page_of(rows, limit, read_template)


@get("/templates/{template_id:uuid}", tags=["templates"])
async def get_template(
    template_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]
) -> ProductTemplateVersionRead:
    """Return one version, withdrawn or not."""
    async with deps.database.reading(caller_of(request).scope) as session:
        template = await templates.get(session, template_id)
        if template is None:
            raise not_found("template version")
        return read_template(template)


@post("/products/{product_id:uuid}/templates", tags=["templates"])
async def create_template(
    product_id: FromPath[UUID], data: JSONBody[ProductTemplateVersionCreate], request: Req, deps: NamedDependency[Deps]
) -> Response[ProductTemplateVersionRead]:
    """Register a version. Admins only. The first one becomes current; a missing digest is looked up and stored."""
    caller = caller_of(request)
    idempotent = Idempotent(request, caller, data)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        if earlier := await idempotent.earlier(session):  # it is asked for again: also when nobody can be asked by now
            return earlier
    operations.check(data, deps.registries)
    located = await operations.located(deps, caller, data)  # asks another service: outside of any transaction
    async with accepting(deps, caller, request) as session:
        if earlier := await idempotent.earlier(session):
            return earlier
        product = await products.get(session, product_id)
        if product is None:
            raise not_found("product")
        created = await operations.register(session, caller, product, located)
        template = await templates.get(session, created)
        if template is None:
            raise not_found("template version")
        answer = Answer(body=read_template(template), status=201, location=f"/api/v1/templates/{created}")
        return await idempotent.keep(session, answer)


@delete("/templates/{template_id:uuid}", tags=["templates"])
async def withdraw_template(template_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> None:
    """Withdraw a version: no new deployment gets it, those that run it keep it. Admins only."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        template = await templates.get(session, template_id)
        if template is None:
            raise not_found("template version")
        await operations.withdraw(session, caller, template)


HANDLERS = [list_templates, get_template, create_template, withdraw_template]
