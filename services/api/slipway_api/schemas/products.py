"""Products and their template versions."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from slipway.database.models import Product, ProductTemplateVersion
from slipway_api.schemas.common import Body


class ProductCreate(Body, frozen=True, kw_only=True):
    name: str
    slug: str | None = None
    description: str | None = None
    icon: str | None = None


class ProductUpdate(Body, frozen=True, kw_only=True):
    """Absent fields stay as they are. `template_id` sets the current version."""

    name: str | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    icon: str | None | UnsetType = UNSET
    template_id: UUID | None | UnsetType = UNSET


class ProductSummary(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    slug: str
    description: str | None
    icon: str | None
    template_id: UUID | None


class ProductTemplateVersionCreate(Body, frozen=True, kw_only=True):
    """A chart (`chart_ref` with `chart_version`), only `chart_digest` for one that was uploaded (`POST /charts`), or only
    `docker_image_url` for the built-in web service.
    """

    version_label: str | None = None
    package_type: str = "helm-chart"
    chart_ref: str | None = None
    chart_version: str | None = None
    chart_digest: str | None = None
    default_values_json: dict[str, Any] | None = None
    values_schema_json: dict[str, Any] | None = None
    capabilities_json: dict[str, Any] | None = None
    health_timeout_sec: int | None = None
    docker_image_url: str | None = None


class ProductTemplateVersionRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    product_id: UUID
    version_label: str | None
    package_type: str
    chart_ref: str | None
    chart_version: str | None
    chart_digest: str | None
    default_values_json: dict[str, Any]
    values_schema_json: dict[str, Any]
    capabilities_json: dict[str, Any] | None
    health_timeout_sec: int | None
    docker_image_url: str | None
    created_at: datetime
    deleted_at: datetime | None
    product: ProductSummary | None = None


class ProductRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    slug: str
    description: str | None
    icon: str | None
    template_id: UUID | None
    created_at: datetime
    updated_at: datetime
    template: ProductTemplateVersionRead | None = None


_TEMPLATE_COLUMNS = tuple(name for name in ProductTemplateVersionRead.__struct_fields__ if name != "product")


def read_template(template: ProductTemplateVersion, *, with_product: bool = True) -> ProductTemplateVersionRead:
    product = msgspec.convert(template.product, ProductSummary, from_attributes=True) if with_product else None
    return ProductTemplateVersionRead(**{name: getattr(template, name) for name in _TEMPLATE_COLUMNS}, product=product)


def read_product(product: Product) -> ProductRead:
    fields = {
        field.name: getattr(product, field.name)
        for field in msgspec.structs.fields(ProductRead)
        if field.name != "template"
    }
    template = read_template(product.template, with_product=False) if product.template else None
    return ProductRead(**fields, template=template)
