"""Accepting what users want of a deployment: row, job and event in the one transaction that the route opened."""

import secrets
from collections.abc import Collection
from typing import Any
from uuid import UUID

from msgspec import UNSET, UnsetType

from slipway.database.engine import ReadSession, Statements, WriteSession
from slipway.database.errors import Taken
from slipway.database.models import ProductTemplateVersion
from slipway.database.queries import deployments, products, quotas, templates, users, wishes
from slipway.database.queries import secrets as sealed_secrets
from slipway.database.queries.rows import DeploymentRow
from slipway.database.queries.wishes import Wish
from slipway.domain.changes import changes_of
from slipway.domain.events import EventType
from slipway.domain.jobs import JobOption, JobReason
from slipway.domain.naming import SUFFIXES, deployment_uid, nth_suffix, user_slug
from slipway.domain.secrets import MASK
from slipway.domain.values import Problem, canonical
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations import fields, promises, user_values
from slipway_api.operations.promises import Inputs
from slipway_api.operations.user_values import Given
from slipway_api.problems import ApiError, invalid, not_found
from slipway_api.schemas.deployments import (
    DeploymentCreate,
    DeploymentRollback,
    DeploymentUpdate,
    DeploymentUpgrade,
)


async def change(
    asked: Statements, deps: Deps, caller: Caller, deployment: DeploymentRow, body: DeploymentUpdate
) -> DeploymentRow:
    """Accept a change and return what it is then: the same object when it changes nothing."""
    refuse_deleting(deployment)
    found: list[Problem] = []
    wanted: dict[str, Any] = {}
    now = deployment.user_values
    given: Given | None = None
    stored: Collection[str] = ()
    domain = fields.domain(body.domain_name, body.domainname, deps, found, required=False)
    if domain is not UNSET and domain != deployment.domain_name:
        wanted["domain_name"] = domain
    values = fields.user_values(body.user_values, body.user_values_json, found)
    if values is not UNSET:
        stored = await user_values.stored_names(asked, deployment.id)
        given = user_values.take(values, deployment.template, stored, found)
        if given.fresh or canonical(given.values) != canonical(now):  # in Python 1 == 1.0 == True
            wanted["user_values_json"] = given.values
    if body.expires_at is not UNSET and body.expires_at != deployment.expires_at:
        found += fields.expiry_problems(body.expires_at)
        wanted |= {"expires_at": body.expires_at, "expiry_warned_at": None}
    if not isinstance(body.user_id, UnsetType) and body.user_id != deployment.user_id:
        await _check_new_owner(asked, deps, caller, body.user_id, found)
        wanted["user_id"] = body.user_id
    if found:
        raise ApiError("invalid", errors=found)
    if not wanted:
        return deployment
    changes = _changes(deployment, wanted, given.fresh if given else ())
    if wanted.keys() <= {"expires_at", "expiry_warned_at"}:
        told = {"fields": ["expires_at"], "changes": list(changes)}
        return await wishes.write(asked, deployment, EventType.DEPLOYMENT_CHANGED, told, actor=actor(caller), **wanted)
    inputs = Inputs(
        template=deployment.desired_template_id,
        domain=wanted.get("domain_name", deployment.domain_name),
        cluster=deployment.cluster,
        values=given.values if given else now,
        fresh=given.fresh if given else {},
    )
    promise = await promises.kept(asked, deps, body.preview_id, deployment, inputs)
    if given is not None:
        await user_values.store(asked, deployment.id, deployment.cluster, given, stored)
    options = (JobOption.CONFIRM_EMPTY,) if body.confirm_empty else ()
    wish = Wish(reason=JobReason.UPDATE, fields=wanted, options=options, changes=changes, preview=promise)
    return await accept(asked, caller, deployment, wish)


async def upgrade(
    session: WriteSession, deps: Deps, caller: Caller, deployment: DeploymentRow, body: DeploymentUpgrade
) -> DeploymentRow:
    """Accept another version of the same product and return what it is then: the same object when that is wanted already."""
    refuse_deleting(deployment)
    template = await templates.get(session, body.template_id)
    if template is None or template.deleted_at is not None:
        raise invalid("/template_id", "there is no such template version, or it was withdrawn")
    if template.product_id != deployment.template.product_id:
        raise invalid("/template_id", "is a version of another product")
    if template.id == deployment.desired_template_id:
        return deployment
    values = deployment.user_values
    _check_fit(template, values, await user_values.stored_names(session, deployment.id))
    inputs = Inputs(template=template.id, domain=deployment.domain_name, cluster=deployment.cluster, values=values)
    promise = await promises.kept(session, deps, body.preview_id, deployment, inputs)
    options = (JobOption.CONFIRM_EMPTY,) if body.confirm_empty else ()
    wanted = {"desired_template_id": template.id}
    changes = _changes(deployment, wanted)
    wish = Wish(reason=JobReason.UPGRADE, fields=wanted, options=options, changes=changes, preview=promise)
    return await accept(session, caller, deployment, wish)


async def roll_back(
    session: WriteSession, caller: Caller, deployment: DeploymentRow, body: DeploymentRollback
) -> DeploymentRow:
    """Want what an earlier revision was made from, and return what it is then: the same object when that is wanted already."""
    refuse_deleting(deployment)
    revision = await deployments.revision(session, deployment=deployment.id, revision=body.revision)
    if revision is None or not revision.succeeded:
        raise invalid("/revision", "this deployment has no such revision that was ready: see its revisions")
    now = {row.name: row.ciphertext for row in await sealed_secrets.of_deployment(session, deployment.id)}
    before = revision.secrets_json or {}
    same_values = canonical(revision.user_values_json) == canonical(deployment.user_values)
    if same_values and now == before and revision.template_id == deployment.desired_template_id:
        return deployment
    template = await templates.get(session, revision.template_id)
    if template is None:
        raise invalid("/revision", "the template version of this revision is gone")
    _check_fit(template, revision.user_values_json, before)
    await sealed_secrets.restore(session, deployment.id, revision.revision)
    wanted = {"desired_template_id": revision.template_id, "user_values_json": revision.user_values_json}
    others = {each for each in {*now, *before} if now.get(each) != before.get(each)}
    changes = _changes(deployment, wanted, others)
    return await accept(session, caller, deployment, Wish(reason=JobReason.ROLLBACK, fields=wanted, changes=changes))


async def delete(asked: Statements, caller: Caller, deployment: DeploymentRow) -> DeploymentRow:
    """Accept a delete and return what it is then; a second one is the first. One that is gone already stays as it is."""
    return await wishes.delete(asked, deployment, actor=actor(caller))


async def locked(asked: Statements, caller: Caller, deployment: UUID) -> DeploymentRow:
    """Lock and return the deployment, in the system's lock order; 404 when it is not the caller's."""
    if not await users.hold(asked, caller.id):
        raise ApiError("unauthenticated", "the user of this token is gone")
    found = await deployments.lock(asked, deployment)
    if found is None:
        raise not_found("deployment")
    return found


async def accept(asked: Statements, caller: Caller, deployment: DeploymentRow, wish: Wish) -> DeploymentRow:
    """Write the wish and return what the deployment is then; 409 when its domain is in use."""
    try:
        return await wishes.change(asked, deployment, wish, actor=actor(caller))
    except Taken:
        raise domain_taken() from None


def refuse_deleting(deployment: DeploymentRow) -> None:
    """409 when the deployment is being deleted, or is."""
    if deployment.status in wishes.ENDING:
        raise ApiError("deleting", "the deployment is being deleted: it takes no change any more")


def domain_taken() -> ApiError:
    return ApiError("domain_taken", "another deployment has this domain name")


def new_uid(slug: str, email: str) -> str:
    """Return a fresh name for a deployment of the product, its namespace and its release."""
    return deployment_uid(slug, user_slug(email), nth_suffix(secrets.randbelow(SUFFIXES)))


def _changes(
    deployment: DeploymentRow, wanted: dict[str, Any], secret_places: Collection[str] = ()
) -> tuple[dict[str, Any], ...]:
    """Return what is changed in which columns and secrets, for the audit trail."""
    found: list[dict[str, Any]] = []
    for name, value in wanted.items():
        if name == "user_values_json":
            found += changes_of(deployment.user_values, value, under="/user_values")
        elif name != "expiry_warned_at":
            before, after = (None if each is None else str(each) for each in (getattr(deployment, name), value))
            found += changes_of(before, after, under=f"/{name}")
    for place in sorted(secret_places):
        found.append({"field": f"/user_values{place}", "before": MASK, "after": MASK})
    return tuple(found)


def _check_fit(template: ProductTemplateVersion, values: dict[str, Any] | None, stored: Collection[str]) -> None:
    """422 when values do not fit a template version, or need a secret that is not stored."""
    found: list[Problem] = []
    user_values.take(values, template, stored, found)
    if found:
        raise ApiError("invalid", "the deployment's values do not fit that version", errors=found)


async def _check_new_owner(asked: Statements, deps: Deps, caller: Caller, owner: UUID, found: list[Problem]) -> None:
    if not caller.is_admin:
        raise ApiError("forbidden", "only an admin gives a deployment to another user")
    if not await users.hold(asked, owner):
        found.append(Problem(pointer="/user_id", message="there is no such user"))
        return
    await refuse_over_quota(asked, deps, owner)


async def wanted_template(
    session: ReadSession, body: DeploymentCreate, found: list[Problem]
) -> ProductTemplateVersion | None:
    """Return the version that a body names; what is wrong is added to `found`."""
    wanted = body.template_id
    if body.product_id is not None:
        product = await products.get(session, body.product_id)
        wanted = product.template_id if product else None
    template = await templates.get(session, wanted) if wanted else None
    withdrawn = template is not None and (template.deleted_at or template.product.deleted_at) is not None
    if problem := version_problem(body, there=template is not None, withdrawn=withdrawn):
        found.append(problem)
        return None
    return template


def version_problem(body: DeploymentCreate, *, there: bool, withdrawn: bool) -> Problem | None:
    """Return what is wrong with how a body names a version, knowing whether there is such a one, and whether it is withdrawn."""
    if (body.template_id is None) == (body.product_id is None):
        return Problem(pointer="/template_id", message="give either template_id or product_id")
    if body.product_id is not None and not there:
        return Problem(pointer="/product_id", message="there is no such product, or it has no current version")
    return None if there and not withdrawn else no_version(body)


def no_version(body: DeploymentCreate) -> Problem:
    where = "/template_id" if body.product_id is None else "/product_id"
    return Problem(pointer=where, message="there is no such template version, or it was withdrawn")


async def check_quota(asked: Statements, deps: Deps, user: UUID) -> None:
    """Lock the user and refuse one deployment more than the quota allows, or any when its resources are used up."""
    if not await users.hold(asked, user):
        raise ApiError("unauthenticated", "the user of this deployment is gone")
    await refuse_over_quota(asked, deps, user)


async def refuse_over_quota(asked: Statements, deps: Deps, user: UUID) -> None:
    """Refuse one deployment more than the quota allows at this moment."""
    most, count, used = await quotas.stand(asked, user, deps.quota)
    if count >= most.deployments:
        raise ApiError(
            "quota_exceeded", f"you may have {most.deployments} deployments: delete one, or ask an admin for more"
        )
    named = (("CPU", used.cpu_milli, most.cpu_milli), ("memory", used.memory_mib, most.memory_mib),
             ("storage", used.storage_gib, most.storage_gib))  # fmt: skip
    spent = [what for what, now, limit in named if now and now >= limit]
    if spent:
        raise ApiError("quota_exceeded", f"all your {' and '.join(spent)} is used: delete something, or ask an admin")
