"""Deployments with their templates, as rows: JSON stays the text that the database has."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import TextClause, text

from slipway.database.engine import Statements
from slipway.database.queries.pages import Cursor
from slipway.domain.values import Values
from slipway.domain.versions import TemplateVersion

_JSON_OF_TEMPLATE = ("default_values_json", "values_schema_json", "capabilities_json")
_OF_PRODUCT = ("id", "name", "slug", "description", "icon", "template_id")
_ORDERED = ("id", "created_at", "version_label", "chart_ref", "chart_version")
"""What a version's place in the order depends on."""


class ShownTemplate(msgspec.Struct, frozen=True):
    """A template version's columns, in the order in which TEMPLATE names them, with its product and that one's current one."""

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


class ShownDeployment(msgspec.Struct, frozen=True):
    """A deployment's columns, in the order in which DEPLOYMENT names them."""

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
    template: ShownTemplate

    @property
    def user_values(self) -> Values | None:
        return msgspec.json.decode(self.user_values_json)

    @property
    def drift(self) -> dict[str, Any] | None:
        return msgspec.json.decode(self.drift_json)


_BESIDE = ("json", "product", "current")
OF_TEMPLATE = tuple(name for name in ShownTemplate.__struct_fields__ if name not in _BESIDE)
_JSON = ("user_values_json", "drift_json", "usage_json")
_COLUMNS = tuple(name for name in ShownDeployment.__struct_fields__ if name not in (*_JSON, "template"))


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

_ONE = text(
    f"""
    SELECT {DEPLOYMENT}, {TEMPLATE} FROM deployment d JOIN product_template_version t ON t.id = d.desired_template_id
    {PRODUCT_AND_CURRENT} WHERE d.id = :id
    """  # noqa: S608 - names of columns
)
_TEMPLATES = text(
    f"SELECT {TEMPLATE} FROM product_template_version t {PRODUCT_AND_CURRENT} WHERE t.id = ANY(:ids)"  # noqa: S608
)


async def get(asked: Statements, deployment: UUID) -> ShownDeployment | None:
    """Return the deployment as the database has it now."""
    row = (await asked.execute(_ONE, {"id": deployment})).one_or_none()
    return whole_of(row) if row else None


async def template(asked: Statements, version: UUID) -> ShownTemplate:
    """Return a version that is there."""
    return template_of((await asked.execute(_TEMPLATES, {"ids": [version]})).one())


async def page(
    asked: Statements, *, cursor: Cursor | None, limit: int, user: UUID, deleted: bool, status: str | None
) -> Sequence[ShownDeployment]:
    """Return a user's deployments, newest first, one more than the limit when there are more. A template is read once."""
    values = {"user": user, "status": status, "limit": limit + 1}
    if cursor:
        values |= {"at": cursor.at, "after": cursor.id}
    statement = _page(deleted=deleted, by_status=status is not None, later=cursor is not None)
    rows = (await asked.execute(statement, values)).all()
    wanted = {row[_COLUMNS.index("desired_template_id")] for row in rows}
    if not wanted:
        return ()
    found = [template_of(row) for row in (await asked.execute(_TEMPLATES, {"ids": list(wanted)})).all()]
    templates = {each.id: each for each in found}
    return [deployment_of(row, templates[row[_COLUMNS.index("desired_template_id")]]) for row in rows]


def whole_of(row: Sequence[Any]) -> ShownDeployment | None:
    """Return the deployment of a row of DEPLOYMENT and TEMPLATE; None when there is no version in it."""
    own, template = row[: _ENDS[0]], row[_ENDS[0] :]
    return deployment_of(own, template_of(template)) if template[0] else None


def deployment_of(row: Sequence[Any], template: ShownTemplate) -> ShownDeployment:
    """Return the deployment of a row of DEPLOYMENT."""
    values: list[Any] = [*row[: len(_COLUMNS)], *map(_raw, row[len(_COLUMNS) :]), template]
    return ShownDeployment(*values)


def template_of(row: Sequence[Any]) -> ShownTemplate:
    """Return the version of a row of TEMPLATE."""
    own, product, current = row[: _ENDS[1]], row[_ENDS[1] : _ENDS[1] + _ENDS[2]], row[_ENDS[1] + _ENDS[2] :]
    values: list[Any] = [
        *own[: len(OF_TEMPLATE)],
        dict(zip(_JSON_OF_TEMPLATE, map(_raw, own[len(OF_TEMPLATE) :]), strict=True)),
        dict(zip(_OF_PRODUCT, product, strict=True)),
        TemplateVersion(**dict(zip(_ORDERED, current, strict=True))) if current[0] else None,
    ]
    return ShownTemplate(*values)


def _raw(text: str | None) -> msgspec.Raw:
    return msgspec.Raw(b"null" if text is None else text.encode())


@cache
def _page(*, deleted: bool, by_status: bool, later: bool) -> TextClause:
    conditions = ["d.user_id = :user"]
    if not deleted:
        conditions.append("d.deleted_at IS NULL")
    if by_status:
        conditions.append("d.status = :status")
    if later:
        conditions.append("(d.created_at, d.id) < (:at, :after)")
    return text(
        f"SELECT {DEPLOYMENT} FROM deployment d WHERE {' AND '.join(conditions)}"  # noqa: S608 - names of columns
        " ORDER BY d.created_at DESC, d.id DESC LIMIT :limit"
    )
