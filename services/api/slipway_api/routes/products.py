"""Products."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from slipway.database.queries import products
from slipway_api.accepting import Answer, Idempotent, accepting, require_match, respond
from slipway_api.auth.gate import admin_of, caller_of
from slipway_api.deps import Deps
from slipway_api.operations import products as operations
from slipway_api.problems import not_found
from slipway_api.routes.etags import etag_of
from slipway_api.schemas.common import Page, cursor_of, limit_of, page_of
from slipway_api.schemas.products import ProductCreate, ProductRead, ProductUpdate, read_product

Req = Request[Any, Any, Any]


@get("/products", tags=["products"])
async def list_products(
    request: Req, deps: NamedDependency[Deps], cursor: FromQuery[str | None] = None, limit: FromQuery[int] = 50
) -> Page[ProductRead]:
    """List the catalogue, newest first."""
    async with deps.database.reading(caller_of(request).scope) as session:
        rows = await products.page(session, cursor=cursor_of(cursor), limit=limit_of(limit))
        return page_of(rows, limit, read_product)


@get("/products/{product_id:uuid}", tags=["products"])
async def get_product(product_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> Response[ProductRead]:
    """Return one product with its current version."""
    async with deps.database.reading(caller_of(request).scope) as session:
        product = await products.get(session, product_id)
        if product is None:
            raise not_found("product")
        return respond(Answer(body=read_product(product), status=200, etag=etag_of(product.updated_at)))


@post("/products", tags=["products"])
async def create_product(
    data: JSONBody[ProductCreate], request: Req, deps: NamedDependency[Deps]
) -> Response[ProductRead]:
    """Create a product. Admins only."""
    caller = caller_of(request)
    idempotent = Idempotent(request, caller, data)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        if earlier := await idempotent.earlier(session):
            return earlier
        product = await operations.create(session, caller, data)
        answer = Answer(
            body=read_product(product),
            status=201,
            location=f"/api/v1/products/{product.id}",
            etag=etag_of(product.updated_at),
        )
        return await idempotent.keep(session, answer)


@patch("/products/{product_id:uuid}", tags=["products"])
async def change_product(
    product_id: FromPath[UUID], data: JSONBody[ProductUpdate], request: Req, deps: NamedDependency[Deps]
) -> Response[ProductRead]:
    """Change a product, or its current version. Admins only."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        product = await products.lock(session, product_id)
        if product is None:
            raise not_found("product")
        require_match(request, etag_of(product.updated_at))
        await operations.change(session, caller, product, data)
        product = await products.get(session, product_id) or product
        return respond(Answer(body=read_product(product), status=200, etag=etag_of(product.updated_at)))


@delete("/products/{product_id:uuid}", tags=["products"])
async def delete_product(
    product_id: FromPath[UUID],
    request: Req,
    deps: NamedDependency[Deps],
    cascade: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
) -> None:
    """Delete a product. Admins only; live deployments refuse it unless `cascade=true`."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        product = await products.close(session, product_id)
        if product is None:
            raise not_found("product")
        await operations.delete(session, caller, product, cascade=cascade)
    await deps.wake()


HANDLERS = [list_products, get_product, create_product, change_product, delete_product]
