"""Products: the catalogue."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient
from slipway.client.paging import NotFound, everything, query
from slipway.client.templates import Template


class Product(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    slug: str
    description: str | None = None
    icon: str | None = None
    template_id: UUID | None = None
    created_at: datetime
    updated_at: datetime
    template: Template | None = None
    """The current version, which a new deployment gets."""


class Products:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def list(self) -> list[Product]:
        return await everything(self._http, "/products", Product)

    async def get(self, product: UUID) -> Product:
        return msgspec.convert(await self._http.get(f"/products/{product}"), Product)

    async def find(self, name: str) -> Product:
        """Return the product with this slug, name (in any case) or id; NotFound names those that there are."""
        products = await self.list()
        wanted = name.casefold()
        for each in products:
            if wanted in (each.slug, each.name.casefold(), str(each.id)):
                return each
        there = ", ".join(sorted(each.slug for each in products)) or "none yet"
        raise NotFound(f"there is no product {name!r}; there are: {there}")

    async def create(self, name: str, **fields: Any) -> Product:
        """Make a product; the fields are those of ProductCreate. Admins only."""
        return msgspec.convert(await self._http.create("/products", {"name": name, **fields}), Product)

    async def change(self, product: UUID, **fields: Any) -> Product:
        """Change what is given; `template_id` sets the current version. Admins only."""
        return msgspec.convert(await self._http.patch(f"/products/{product}", fields), Product)

    async def delete(self, product: UUID, *, cascade: bool = False) -> None:
        """Remove a product; refused while it has deployments, unless these go too (`cascade`)."""
        await self._http.delete(query(f"/products/{product}", {"cascade": cascade or None}))
