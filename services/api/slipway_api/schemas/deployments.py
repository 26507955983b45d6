"""Deployments, their jobs, revisions and events."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from slipway.database.models import DeploymentReconcileJob, DeploymentRevision
from slipway.database.queries.rows import OF_TEMPLATE, DeploymentRow, TemplateRow
from slipway.domain.versions import is_newer
from slipway.messaging.queries import Pod, Resource
from slipway_api.schemas.common import Body
from slipway_api.schemas.products import ProductSummary, ProductTemplateVersionRead

UserValues = dict[str, Any] | None | UnsetType


class DeploymentCreate(Body, frozen=True, kw_only=True):
    """`template_id`, or `product_id` for its current version. `domainname` and `user_values_json` are older spellings."""

    template_id: UUID | None = None
    product_id: UUID | None = None
    domain_name: str | UnsetType = UNSET
    domainname: str | UnsetType = UNSET
    user_values: UserValues = UNSET
    user_values_json: UserValues = UNSET
    cluster: str | None = None
    """Where it runs; when absent `local`, or the only cluster there is."""
    expires_at: datetime | None = None
    preview_id: UUID | None = None
    """A preview that was shown: anything else is refused before the first write."""


class DeploymentUpdate(Body, frozen=True, kw_only=True):
    """Absent fields stay as they are; `user_values` replaces the whole object. `user_id` is for admins."""

    domain_name: str | UnsetType = UNSET
    domainname: str | UnsetType = UNSET
    user_values: UserValues = UNSET
    user_values_json: UserValues = UNSET
    expires_at: datetime | None | UnsetType = UNSET
    user_id: UUID | UnsetType = UNSET
    preview_id: UUID | None = None
    confirm_empty: bool = False
    """The new values may remove every object of the release."""


class DeploymentUpgrade(Body, frozen=True, kw_only=True):
    """The version to go to, of the same product."""

    template_id: UUID
    preview_id: UUID | None = None
    confirm_empty: bool = False


class DeploymentRollback(Body, frozen=True, kw_only=True):
    """The revision to go back to: one that was ready, see `GET …/revisions`."""

    revision: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class DeploymentAdopt(Body, frozen=True, kw_only=True):
    """A release that was made by hand, and the template and values that it is just what they give."""

    template_id: UUID
    domain_name: str
    namespace_name: str
    release_name: str
    user_values: dict[str, Any] | None = None
    user_id: UUID | None = None
    """Whose it shall be; the admin's own when absent."""
    cluster: str | None = None
    """Where it runs; when absent `local`, or the only cluster there is."""


class SecretValue(Body, frozen=True, kw_only=True):
    """A secret, write-only."""

    value: str


class DeploymentRead(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown. It is written and never read here: its JSON stands in it as the database's text (`msgspec.Raw`)."""

    id: UUID
    user_id: UUID
    domain_name: str
    deployment_uid: str
    namespace_name: str
    release_name: str
    cluster: str
    template_id: UUID
    desired_template_id: UUID
    applied_template_id: UUID | None
    user_values: dict[str, Any] | None
    user_values_json: dict[str, Any] | None
    status: str
    generation: int
    applied_generation: int | None
    last_error: str | None
    failure_class: str | None
    last_reconcile_at: datetime | None
    suspended: bool
    drifted: bool
    drift_json: dict[str, Any] | None
    usage_json: dict[str, Any] | None
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    url: str
    newer_template_id: UUID | None
    """The product's current version, when it is newer than the wanted one."""
    template: ProductTemplateVersionRead


class DeploymentReconcileJobRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    deployment_id: UUID
    reason: str
    status: str
    generation: int
    run_after: datetime
    attempt: int
    lost: int
    fence: int | None
    options: list[str]
    asked_json: dict[str, Any] | None
    locked_by: str | None
    locked_at: datetime | None
    last_error: str | None
    detail_json: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class DeploymentRevisionRead(msgspec.Struct, frozen=True, kw_only=True):
    revision: int
    generation: int
    template_id: UUID
    user_values_json: dict[str, Any] | None
    chart_digest: str | None
    digest: str
    succeeded: bool
    asked_json: dict[str, Any] | None
    """Who asked for it, and what they changed: `{actor, changes}`."""
    created_at: datetime


class ResourcesShown(msgspec.Struct, frozen=True, kw_only=True):
    """Live objects of the release, and the pods of its namespace."""

    objects: list[Resource]
    pods: list[Pod]


class ObjectShown(msgspec.Struct, frozen=True, kw_only=True):
    """One object as the cluster has it, without managed fields and with secrets hidden."""

    manifest: dict[str, Any]
    shortened: bool
    """It is too large to be shown whole."""


class NotesShown(msgspec.Struct, frozen=True, kw_only=True):
    notes: str


class Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """A template version as JSON, and the one of its product that is newer."""

    content: msgspec.Raw
    newer: UUID | None


def encoded(template: TemplateRow) -> Encoded:
    columns = {name: getattr(template, name) for name in OF_TEMPLATE}
    read = ProductTemplateVersionRead(
        **columns, **cast("dict[str, Any]", template.json), product=ProductSummary(**template.product)
    )
    current = template.current
    newer = current.id if current and is_newer(current, template.version) else None
    return Encoded(content=msgspec.Raw(msgspec.json.encode(read)), newer=newer)


def read_deployment(deployment: DeploymentRow, scheme: str, *, template: Encoded | None = None) -> DeploymentRead:
    """Return what is shown of a deployment; `template` when it was encoded already, for another one of a page."""
    template = template or encoded(deployment.template)
    shown: dict[str, Any] = {
        **msgspec.structs.asdict(deployment),
        "template_id": deployment.desired_template_id,
        "user_values": deployment.user_values_json,
        "url": f"{scheme}://{deployment.domain_name}",
        "newer_template_id": template.newer,
        "template": template.content,
    }
    return DeploymentRead(**shown)


def deployment_reader(scheme: str) -> Callable[[DeploymentRow], DeploymentRead]:
    """Return what reads the deployments of one page: a template that many of them have is encoded once."""
    templates: dict[UUID, Encoded] = {}

    def read(deployment: DeploymentRow) -> DeploymentRead:
        wanted = deployment.desired_template_id
        if wanted not in templates:
            templates[wanted] = encoded(deployment.template)
        return read_deployment(deployment, scheme, template=templates[wanted])

    return read


def read_job(job: DeploymentReconcileJob) -> DeploymentReconcileJobRead:
    return msgspec.convert(job, DeploymentReconcileJobRead, from_attributes=True)


def read_revision(revision: DeploymentRevision) -> DeploymentRevisionRead:
    return msgspec.convert(revision, DeploymentRevisionRead, from_attributes=True)
