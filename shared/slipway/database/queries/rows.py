"""Rows of deployments with their templates, as statements of text return them: JSON stays the text that the database has."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from slipway.domain.values import Values
from slipway.domain.versions import TemplateVersion

_JSON_OF_TEMPLATE = ("default_values_json", "values_schema_json", "capabilities_json")
_OF_PRODUCT = ("id", "name", "slug", "description", "icon", "template_id")
_ORDERED = ("id", "created_at", "version_label", "chart_ref", "chart_version")
"""What a version's place in the order depends on."""


class TemplateRow(msgspec.Struct, frozen=True, kw_only=True):
    """A template version's columns, with its product and that one's current version."""

    id: UUID
    product_id: UUID
    version_label: str | None
    package_type: str
    chart_ref: str | None
    chart_version: str | None
    chart_digest: str | None
    health_timeout_sec: int | None
    docker_image_url: str | None
    created_at: datetime
    deleted_at: datetime | None
    json: dict[str, msgspec.Raw]
    product: dict[str, Any]
    current: TemplateVersion | None

    @property
    def values_schema_json(self) -> dict[str, Any]:
        return msgspec.json.decode(self.json["values_schema_json"])

    @property
    def default_values_json(self) -> dict[str, Any]:
        return msgspec.json.decode(self.json["default_values_json"])

    @property
    def capabilities_json(self) -> dict[str, Any] | None:
        return msgspec.json.decode(self.json["capabilities_json"])

    @property
    def version(self) -> TemplateVersion:
        return TemplateVersion(**{name: getattr(self, name) for name in _ORDERED})


class DeploymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment's columns, with its wanted version."""

    id: UUID
    user_id: UUID
    domain_name: str
    deployment_uid: str
    namespace_name: str
    release_name: str
    cluster: str
    desired_template_id: UUID
    applied_template_id: UUID | None
    status: str
    generation: int
    applied_generation: int | None
    last_error: str | None
    failure_class: str | None
    last_reconcile_at: datetime | None
    suspended: bool
    drifted: bool
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    user_values_json: msgspec.Raw
    drift_json: msgspec.Raw
    usage_json: msgspec.Raw
    template: TemplateRow

    @property
    def user_values(self) -> Values | None:
        return msgspec.json.decode(self.user_values_json)

    @property
    def drift(self) -> dict[str, Any] | None:
        return msgspec.json.decode(self.drift_json)


OF_TEMPLATE = tuple(name for name in TemplateRow.__struct_fields__ if name not in ("json", "product", "current"))
"""Columns of a version that hold no JSON."""
_JSON = ("user_values_json", "drift_json", "usage_json")
_COLUMNS = tuple(name for name in DeploymentRow.__struct_fields__ if name not in (*_JSON, "template"))
WANTED = _COLUMNS.index("desired_template_id")
"""Where a row of DEPLOYMENT has the id of its version."""


def _listed(table: str, columns: Collection[str], json: Collection[str] = ()) -> str:
    return ", ".join([*(f"{table}.{name}" for name in columns), *(f"CAST({table}.{name} AS text)" for name in json)])


DEPLOYMENT = _listed("d", _COLUMNS, _JSON)
"""What `SELECT` or `RETURNING` names of a deployment `d`, for `deployment_of`."""
TEMPLATE = ", ".join((_listed("t", OF_TEMPLATE, _JSON_OF_TEMPLATE), _listed("p", _OF_PRODUCT), _listed("c", _ORDERED)))
"""And of a version `t`, its product `p` and that one's current version `c`, for `template_of`."""
PRODUCT_AND_CURRENT = (
    "JOIN product p ON p.id = t.product_id LEFT JOIN product_template_version c ON c.id = p.template_id"
)
_ENDS = (len(_COLUMNS) + len(_JSON), len(OF_TEMPLATE) + len(_JSON_OF_TEMPLATE), len(_OF_PRODUCT))


def whole_of(row: Sequence[Any]) -> DeploymentRow | None:
    """Return the deployment of a row of DEPLOYMENT and TEMPLATE; None when there is no version in it."""
    own, template = row[: _ENDS[0]], row[_ENDS[0] :]
    return deployment_of(own, template_of(template)) if template[0] else None


def deployment_of(row: Sequence[Any], template: TemplateRow) -> DeploymentRow:
    """Return the deployment of a row of DEPLOYMENT."""
    columns: dict[str, Any] = {**dict(zip(_COLUMNS, row, strict=False)), **_raw(_JSON, row[len(_COLUMNS) :])}
    return DeploymentRow(**columns, template=template)


def template_of(row: Sequence[Any]) -> TemplateRow:
    """Return the version of a row of TEMPLATE."""
    own, product, current = row[: _ENDS[1]], row[_ENDS[1] : _ENDS[1] + _ENDS[2]], row[_ENDS[1] + _ENDS[2] :]
    return TemplateRow(
        **dict(zip(OF_TEMPLATE, own, strict=False)),
        json=_raw(_JSON_OF_TEMPLATE, own[len(OF_TEMPLATE) :]),
        product=dict(zip(_OF_PRODUCT, product, strict=True)),
        current=TemplateVersion(**dict(zip(_ORDERED, current, strict=True))) if current[0] else None,
    )


def _raw(names: Sequence[str], texts: Sequence[str | None]) -> dict[str, msgspec.Raw]:
    found = (msgspec.Raw(b"null" if each is None else each.encode()) for each in texts)
    return dict(zip(names, found, strict=True))
