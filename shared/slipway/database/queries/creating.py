"""What creating a deployment asks and writes: two statements of a hot transaction."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import Statements
from slipway.database.errors import taken
from slipway.database.queries import rows
from slipway.database.queries.rows import DeploymentRow, TemplateRow
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.values import Values
from slipway.identity import new_id

_NAMED = text(
    f"""
    SELECT {rows.TEMPLATE}, p.deleted_at, ARRAY(SELECT name FROM cluster WHERE deleted_at IS NULL ORDER BY name)
    FROM (SELECT coalesce(:template, (SELECT template_id FROM product WHERE id = :product AND deleted_at IS NULL)) AS id) wanted
    LEFT JOIN (product_template_version t {rows.PRODUCT_AND_CURRENT}) ON t.id = wanted.id
    """  # noqa: S608 - names of columns
)
_ADD = text(
    f"""
    WITH held AS (
        SELECT t.id FROM product_template_version t JOIN product p ON p.id = t.product_id
        WHERE t.id = :template AND t.deleted_at IS NULL AND p.deleted_at IS NULL FOR KEY SHARE)
    INSERT INTO deployment AS d (id, user_id, domain_name, deployment_uid, namespace_name, release_name, cluster,
        desired_template_id, user_values_json, status, generation, event_seq, expires_at, scan_after)
    SELECT CAST(:id AS uuid), CAST(:user AS uuid), CAST(:domain AS text), CAST(:uid AS text), CAST(:uid AS text),
        CAST(:uid AS text), CAST(:cluster AS text), held.id, CAST(:given AS jsonb),
        '{DeploymentStatus.PROVISIONING.value}', 1, 1, CAST(:expires_at AS timestamptz), NULL FROM held
    RETURNING {rows.DEPLOYMENT}
    """  # noqa: S608 - names of columns
)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What is there of what a request names."""

    template: TemplateRow | None
    """None when there is no such version, or no such product that has one."""
    withdrawn: bool
    """The version, or its product."""
    clusters: list[str]
    """Names of all that there are."""


async def named(asked: Statements, *, template: UUID | None, product: UUID | None) -> Named:
    """Look for a template version, or for the current one of a product, and for clusters."""
    values = {"template": template, "product": product}
    row: tuple[Any, ...] = tuple((await asked.execute(_NAMED, values)).one())
    columns, gone, clusters = row[:-2], row[-2], row[-1]
    found = rows.template_of(columns) if columns[0] else None
    withdrawn = found is not None and (found.deleted_at is not None or gone is not None)
    return Named(template=found, withdrawn=withdrawn, clusters=clusters)


async def add(
    asked: Statements, *, template: TemplateRow, uid: str, values: Values | None, **fields: Any
) -> DeploymentRow | None:
    """Insert a deployment that is to be provisioned, with the number of its first event. Taken when its domain is in use.

    None when its version or product was deleted meanwhile; neither can be before this transaction has ended.
    `fields` are user, domain, cluster and expires_at. Deployment, namespace and release have one name, `uid`.
    """
    given = msgspec.json.encode(values).decode() if values is not None else None
    more = {"id": new_id(), "template": template.id, "uid": uid, "given": given}
    with taken():
        row = (await asked.execute(_ADD, {**fields, **more})).one_or_none()
    return rows.deployment_of(row, template) if row else None
