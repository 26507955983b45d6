"""Accepting what users want of a deployment: row, job and event in the one transaction that the route opened."""

import secrets
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, UnsetType

from slipway.database.engine import WriteSession
from slipway.database.errors import Taken
from slipway.database.models import Deployment, ProductTemplateVersion
from slipway.database.queries import clusters, deployments, enqueue, outbox, products, templates, users, wishes
from slipway.database.queries.wishes import Wish
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.domains import InvalidDomain, normalise_domain
from slipway.domain.events import EventType
from slipway.domain.jobs import JobOption, JobReason
from slipway.domain.naming import SUFFIX_ALPHABET, SUFFIX_LENGTH, deployment_uid, user_slug
from slipway.domain.templates import capabilities_of
from slipway.domain.values import Problem, canonical
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations import values_schema
from slipway_api.problems import ApiError, invalid, not_found
from slipway_api.schemas.deployments import DeploymentCreate, DeploymentUpdate, DeploymentUpgrade


async def create(session: WriteSession, deps: Deps, caller: Caller, body: DeploymentCreate) -> UUID:
    """Accept a new deployment; return its id."""
    found: list[Problem] = []
    domain = _domain(body.domain_name, body.domainname, deps, found, required=True)
    values = _user_values(body.user_values, body.user_values_json, found)
    template = await _template_of(session, body, found)
    if template is not None:
        found += _value_problems(values, template)
    if body.cluster not in await clusters.names(session):
        found.append(Problem(pointer="/cluster", message="there is no such cluster"))
    found += _expiry_problems(body.expires_at)
    if found or template is None:
        raise ApiError("invalid", errors=found)
    await _check_quota(session, deps, caller)
    uid = deployment_uid(template.product.slug, user_slug(caller.email), _suffix())
    try:
        deployment = await deployments.add(
            session, user_id=caller.id, domain_name=domain, deployment_uid=uid, namespace_name=uid, release_name=uid,
            cluster=body.cluster, desired_template_id=template.id, user_values_json=values or None,
            status=DeploymentStatus.PROVISIONING.value, generation=1, expires_at=body.expires_at,
        )  # fmt: skip
    except Taken:
        raise ApiError("domain_taken", "another deployment has this domain name") from None
    job = await enqueue.enqueue(
        session, deployment=deployment, user=caller.id, cluster=body.cluster, reason=JobReason.CREATE, generation=1
    )
    data = {
        "status": "provisioning",
        "generation": 1,
        "job": str(job),
        "template": str(template.id),
        "domain_name": domain,
    }
    await outbox.record(session, EventType.DEPLOYMENT_CREATED, actor=actor(caller), data=data, deployment=deployment)
    return deployment


async def change(
    session: WriteSession, deps: Deps, caller: Caller, deployment: Deployment, body: DeploymentUpdate
) -> bool:
    """Accept a change; False when it changes nothing."""
    _refuse_deleting(deployment)
    found: list[Problem] = []
    wanted: dict[str, Any] = {}
    domain = _domain(body.domain_name, body.domainname, deps, found, required=False)
    if domain is not UNSET and domain != deployment.domain_name:
        wanted["domain_name"] = domain
    values = _user_values(body.user_values, body.user_values_json, found)
    if values is not UNSET:
        found += _value_problems(values, deployment.template)
        if canonical(values or None) != canonical(deployment.user_values_json):  # in Python 1 == 1.0 == True
            wanted["user_values_json"] = values or None
    if body.expires_at is not UNSET and body.expires_at != deployment.expires_at:
        found += _expiry_problems(body.expires_at)
        wanted["expires_at"] = body.expires_at
    if not isinstance(body.user_id, UnsetType) and body.user_id != deployment.user_id:
        await _check_new_owner(session, caller, body.user_id, found)
        wanted["user_id"] = body.user_id
    if found:
        raise ApiError("invalid", errors=found)
    if not wanted:
        return False
    if wanted.keys() <= {"expires_at"}:
        await deployments.change(session, deployment, **wanted)
        await wishes.tell(
            session, deployment, EventType.DEPLOYMENT_CHANGED, {"fields": sorted(wanted)}, actor=actor(caller)
        )
        return True
    await _accept(session, caller, deployment, JobReason.UPDATE, wanted)
    return True


async def upgrade(session: WriteSession, caller: Caller, deployment: Deployment, body: DeploymentUpgrade) -> bool:
    """Accept another version of the same product; False when it is the wanted one already."""
    _refuse_deleting(deployment)
    template = await templates.get(session, body.template_id)
    if template is None or template.deleted_at is not None:
        raise invalid("/template_id", "there is no such template version, or it was withdrawn")
    if template.product_id != deployment.template.product_id:
        raise invalid("/template_id", "is a version of another product")
    if template.id == deployment.desired_template_id:
        return False
    found = _value_problems(deployment.user_values_json, template)
    if found:
        raise ApiError("invalid", "the deployment's values do not fit the new version", errors=found)
    await _accept(session, caller, deployment, JobReason.UPGRADE, {"desired_template_id": template.id})
    return True


async def reconcile(session: WriteSession, caller: Caller, deployment: Deployment) -> None:
    """Compare with the cluster and correct, whatever was held back before."""
    _refuse_deleting(deployment)
    await wishes.look_again(
        session, deployment, actor=actor(caller), options=[JobOption.COMPARE],
        event=EventType.DEPLOYMENT_RECONCILE_REQUESTED,
    )  # fmt: skip


async def delete(session: WriteSession, caller: Caller, deployment: Deployment) -> None:
    """Accept a delete; a second one is the first. One that is gone already stays as it is."""
    await wishes.delete(session, deployment, actor=actor(caller))


async def locked(session: WriteSession, caller: Caller, deployment: UUID) -> Deployment:
    """Lock and return the deployment, in the system's lock order; 404 when it is not the caller's."""
    await users.lock(session, caller.id)
    found = await deployments.lock(session, deployment)
    if found is None:
        raise not_found("deployment")
    return found


async def _accept(
    session: WriteSession, caller: Caller, deployment: Deployment, reason: JobReason, wanted: dict[str, Any]
) -> None:
    try:
        await wishes.change(session, deployment, Wish(reason=reason, fields=wanted), actor=actor(caller))
    except Taken:
        raise ApiError("domain_taken", "another deployment has this domain name") from None


async def _check_new_owner(session: WriteSession, caller: Caller, owner: UUID, found: list[Problem]) -> None:
    if not caller.is_admin:
        raise ApiError("forbidden", "only an admin gives a deployment to another user")
    if await users.get(session, owner) is None:
        found.append(Problem(pointer="/user_id", message="there is no such user"))


def _refuse_deleting(deployment: Deployment) -> None:
    if deployment.status in (DeploymentStatus.DELETING, DeploymentStatus.DELETED):
        raise ApiError("deleting", "the deployment is being deleted: it takes no change any more")


def _domain(name: str | UnsetType, older: str | UnsetType, deps: Deps, found: list[Problem], *, required: bool) -> Any:
    where, given = ("/domainname", older) if older is not UNSET else ("/domain_name", name)
    if name is not UNSET and older is not UNSET:
        found.append(Problem(pointer="/domainname", message="is the older spelling of domain_name: give one of them"))
    if isinstance(given, UnsetType):
        if required:
            found.append(Problem(pointer="/domain_name", message="is required"))
        return UNSET
    try:
        return normalise_domain(given, reserved=deps.reserved_domains)
    except InvalidDomain as error:
        found.append(Problem(pointer=where, message=str(error)))
        return UNSET


def _user_values(values: Any, older: Any, found: list[Problem]) -> Any:
    if values is not UNSET and older is not UNSET:
        message = "is the older spelling of user_values: give one of them"
        found.append(Problem(pointer="/user_values_json", message=message))
    return values if values is not UNSET else older


def _value_problems(values: Any, template: ProductTemplateVersion) -> list[Problem]:
    given = None if values is UNSET else values
    capabilities = capabilities_of(template.capabilities_json)
    wrong = values_schema.problems(given, template.values_schema_json, capabilities)
    return [Problem(pointer=f"/user_values{each.pointer}", message=each.message) for each in wrong]


async def _template_of(
    session: WriteSession, body: DeploymentCreate, found: list[Problem]
) -> ProductTemplateVersion | None:
    if (body.template_id is None) == (body.product_id is None):
        found.append(Problem(pointer="/template_id", message="give either template_id or product_id"))
        return None
    wanted, where = body.template_id, "/template_id"
    if body.product_id is not None:
        product, where = await products.get(session, body.product_id), "/product_id"
        wanted = product.template_id if product else None
        if wanted is None:
            found.append(Problem(pointer=where, message="there is no such product, or it has no current version"))
            return None
    template = await templates.get(session, wanted) if wanted else None
    if template is None or template.deleted_at is not None or template.product.deleted_at is not None:
        found.append(Problem(pointer=where, message="there is no such template version, or it was withdrawn"))
        return None
    return template


def _expiry_problems(expires_at: Any) -> list[Problem]:
    if not isinstance(expires_at, datetime):
        return []
    if expires_at.tzinfo is None:
        return [Problem(pointer="/expires_at", message="needs a time zone, as in 2030-01-01T00:00:00Z")]
    if expires_at <= datetime.now(UTC):
        return [Problem(pointer="/expires_at", message="lies in the past")]
    return []


async def _check_quota(session: WriteSession, deps: Deps, caller: Caller) -> None:
    await users.lock(session, caller.id)
    own = await users.deployment_limit(session, caller.id)
    limit = deps.deployments_per_user if own is None else own
    if await users.live_deployments(session, caller.id) >= limit:
        raise ApiError("quota_exceeded", f"you may have {limit} deployments: delete one, or ask an admin for more")


def _suffix() -> str:
    return "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(SUFFIX_LENGTH))
