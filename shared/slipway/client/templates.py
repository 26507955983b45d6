"""Template versions: what a product is installed from. Immutable."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient
from slipway.client.paging import everything

_USER = "#/properties/user"


class ProductName(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    slug: str
    description: str | None = None
    template_id: UUID | None = None


class Template(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    product_id: UUID
    version_label: str | None = None
    package_type: str = "helm-chart"
    chart_ref: str | None = None
    chart_version: str | None = None
    chart_digest: str | None = None
    docker_image_url: str | None = None
    default_values_json: dict[str, Any] = {}
    values_schema_json: dict[str, Any] = {}
    capabilities_json: dict[str, Any] | None = None
    health_timeout_sec: int | None = None
    created_at: datetime
    deleted_at: datetime | None = None
    product: ProductName | None = None

    @property
    def label(self) -> str:
        """What people call the version."""
        return self.version_label or self.chart_version or self.docker_image_url or str(self.id)[-6:]

    @property
    def user_schema(self) -> dict[str, Any] | None:
        """The JSON schema of what a user may set, with the definitions that it refers to; None when it is nothing."""
        whole = self.values_schema_json
        if (self.capabilities_json or {}).get("user_values_paths") is not None:
            return whole
        own = (whole.get("properties") or {}).get("user")
        if own is True:
            return {}
        if not isinstance(own, dict):
            return None
        definitions = {key: whole[key] for key in ("$defs", "definitions") if key in whole}
        return _of_user({**own, **definitions})


def _of_user(node: Any) -> Any:
    """Return a part of the whole schema with references to `user` as they are when that is the root."""
    if isinstance(node, list):
        return [_of_user(each) for each in node]
    if not isinstance(node, dict):
        return node
    moved = {key: _of_user(each) for key, each in node.items()}
    if isinstance(there := node.get("$ref"), str) and f"{there}/".startswith(f"{_USER}/"):
        moved["$ref"] = f"#{there.removeprefix(_USER)}"
    return moved


class Templates:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def of_product(self, product: UUID) -> list[Template]:
        """Return a product's live versions, newest first."""
        return await everything(self._http, f"/products/{product}/templates", Template)

    async def get(self, template: UUID) -> Template:
        return msgspec.convert(await self._http.get(f"/templates/{template}"), Template)

    async def create(self, product: UUID, **fields: Any) -> Template:
        """Register a version; the fields are those of ProductTemplateVersionCreate. Admins only."""
        return msgspec.convert(await self._http.create(f"/products/{product}/templates", fields), Template)

    async def withdraw(self, template: UUID) -> None:
        await self._http.delete(f"/templates/{template}")
