"""Tools for the catalogue."""

from typing import Any
from uuid import UUID

from slipway.database.models import Product
from slipway.database.queries import products
from slipway_api.assistant.tools.kinds import Looks
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.problems import not_found
from slipway_api.schemas.common import Body, cursor_of, page_of
from slipway_api.schemas.products import read_product

PAGE = 50


class ProductList(Body, frozen=True, kw_only=True):
    """List the products that can be deployed. Give `cursor` of the answer to get the next ones."""

    cursor: str | None = None


class ProductValues(Body, frozen=True, kw_only=True):
    """Read one product: its current version, and the JSON Schema of the values that the user may set."""

    product_id: UUID


async def _list(deps: Deps, caller: Caller, asked: ProductList) -> dict[str, Any]:
    async with deps.database.reading(caller.scope) as session:
        rows = await products.page(session, cursor=cursor_of(asked.cursor), limit=PAGE)
        page = page_of(rows, PAGE, _brief)
    return {"products": page.items, "next_cursor": page.next_cursor}


def _brief(row: Product) -> dict[str, Any]:
    deployable = row.template_id is not None
    return {"id": row.id, "name": row.name, "description": row.description, "can_be_deployed": deployable}


async def _values(deps: Deps, caller: Caller, asked: ProductValues) -> dict[str, Any]:
    async with deps.database.reading(caller.scope) as session:
        row = await products.get(session, asked.product_id)
        if row is None:
            raise not_found("product")
        found = read_product(row)
    template = found.template
    if template is None:
        return {"id": found.id, "name": found.name, "version": None}
    schema = template.values_schema_json
    own = schema.get("properties", {}).get("user")
    takes_chart_values = "user_values_paths" in (template.capabilities_json or {})
    return {
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "version": template.version_label or template.chart_version,
        "template_id": template.id,
        "user_values_schema": schema if takes_chart_values else own,
    }


TOOLS = (
    Looks(name="product_list", takes=ProductList, run=_list),
    Looks(name="product_values", takes=ProductValues, run=_values),
)
