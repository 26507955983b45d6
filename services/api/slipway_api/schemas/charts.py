"""What a chart says of itself."""

from typing import Any

import msgspec

from slipway_api.schemas.common import Body


class ChartInspect(Body, frozen=True, kw_only=True):
    """A chart in a registry."""

    chart_ref: str
    chart_version: str
    chart_digest: str | None = None
    """Looked up when absent."""


class ChartRead(msgspec.Struct, frozen=True, kw_only=True):
    """A chart that an executor fetched, judged and opened."""

    chart_digest: str
    name: str
    chart_version: str
    app_version: str | None
    description: str | None
    values: dict[str, Any] | None
    """Its values.yaml; null where there is none, or it is larger than 256 KiB."""
    values_schema: dict[str, Any] | None
    """Its values.schema.json; null where there is none, or it is larger than 256 KiB."""
