"""Deployments, their jobs, revisions and events."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from slipway.database.models import Deployment, DeploymentReconcileJob, DeploymentRevision
from slipway_api.schemas.common import Body
from slipway_api.schemas.products import ProductTemplateVersionRead, read_template

UserValues = dict[str, Any] | None | UnsetType


class DeploymentCreate(Body, frozen=True, kw_only=True):
    """`template_id`, or `product_id` for its current version. `domainname` and `user_values_json` are older spellings."""

    template_id: UUID | None = None
    product_id: UUID | None = None
    domain_name: str | UnsetType = UNSET
    domainname: str | UnsetType = UNSET
    user_values: UserValues = UNSET
    user_values_json: UserValues = UNSET
    cluster: str = "local"
    expires_at: datetime | None = None


class DeploymentUpdate(Body, frozen=True, kw_only=True):
    """Absent fields stay as they are; `user_values` replaces the whole object. `user_id` is for admins."""

    domain_name: str | UnsetType = UNSET
    domainname: str | UnsetType = UNSET
    user_values: UserValues = UNSET
    user_values_json: UserValues = UNSET
    expires_at: datetime | None | UnsetType = UNSET
    user_id: UUID | UnsetType = UNSET


class DeploymentUpgrade(Body, frozen=True, kw_only=True):
    """The version to go to, of the same product."""

    template_id: UUID


class DeploymentRead(msgspec.Struct, frozen=True, kw_only=True):
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
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    url: str
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
    created_at: datetime


def read_deployment(deployment: Deployment, scheme: str) -> DeploymentRead:
    derived = {"template_id", "user_values", "url", "template"}
    fields = {
        field.name: getattr(deployment, field.name)
        for field in msgspec.structs.fields(DeploymentRead)
        if field.name not in derived
    }
    return DeploymentRead(
        **fields,
        template_id=deployment.desired_template_id,
        user_values=deployment.user_values_json,
        url=f"{scheme}://{deployment.domain_name}",
        template=read_template(deployment.template),
    )


def read_job(job: DeploymentReconcileJob) -> DeploymentReconcileJobRead:
    return msgspec.convert(job, DeploymentReconcileJobRead, from_attributes=True)


def read_revision(revision: DeploymentRevision) -> DeploymentRevisionRead:
    return msgspec.convert(revision, DeploymentRevisionRead, from_attributes=True)
