"""Tools that would change a deployment: each proposes first, and runs only what the user has confirmed."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from slipway.database.engine import WriteSession
from slipway.database.queries import previews
from slipway.database.queries.rows import DeploymentRow
from slipway.messaging.queries import RESOURCES, ListedResources, ListResources, ObjectName, Place
from slipway_api.assistant.tools.kinds import Changes, Proposal
from slipway_api.assistant.tools.previewing import previewed_change, previewed_new, previewed_roll_back
from slipway_api.assistant.tools.summaries import effects, named, sentence
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations import creating
from slipway_api.operations import deployments as operations
from slipway_api.operations.asking import told
from slipway_api.operations.reading import looking, place_of
from slipway_api.problems import ApiError, invalid
from slipway_api.schemas.common import Body
from slipway_api.schemas.deployments import DeploymentCreate, DeploymentRollback, DeploymentUpdate
from slipway_api.schemas.previews import PreviewChange, PreviewCreate, PreviewRead

Values = dict[str, Any] | None | UnsetType


class Create(Body, frozen=True, kw_only=True):
    """Propose a new deployment of a product at a domain name. Nothing happens until the user confirms. `user_values` must fit
    the product's schema.
    """

    product_id: UUID
    domain_name: str
    user_values: Values = UNSET


class CreateAccepted(Create, frozen=True, kw_only=True):
    template_id: UUID
    """The version that was previewed."""
    preview_id: UUID


class Change(Body, frozen=True, kw_only=True):
    """Propose to change a deployment's domain name or values. Nothing happens until the user confirms. `user_values` replaces
    all values that the user set: include those that stay.
    """

    deployment_id: UUID
    domain_name: str | UnsetType = UNSET
    user_values: Values = UNSET


class ChangeAccepted(Change, frozen=True, kw_only=True):
    preview_id: UUID
    generation: int
    confirm_empty: bool = False


class RollBack(Body, frozen=True, kw_only=True):
    """Propose to go back to an earlier revision that was ready (see deployment_status). Nothing happens until the user
    confirms.
    """

    deployment_id: UUID
    revision: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class RollBackAccepted(RollBack, frozen=True, kw_only=True):
    preview_id: UUID
    generation: int


class Delete(Body, frozen=True, kw_only=True):
    """Propose to delete a deployment with everything in it. Nothing happens until the user confirms."""

    deployment_id: UUID


class DeleteAccepted(Delete, frozen=True, kw_only=True):
    generation: int


async def _propose_create(deps: Deps, caller: Caller, asked: Create) -> Proposal:
    body = PreviewCreate(product_id=asked.product_id, domain_name=asked.domain_name, user_values=asked.user_values)
    async with deps.database.reading(caller.scope) as session:
        wanted = DeploymentCreate(product_id=asked.product_id)
        template = await operations.wanted_template(session, wanted, [])
    preview = await previewed_new(deps, caller, body)
    if template is None:
        raise ApiError("conflict", "the product's current version changed just now: propose again")
    name = f"{template.product.name} {template.version_label or template.chart_version or ''}".strip()
    return _proposal(asked, preview, f"Deploy {name} at {asked.domain_name}", template_id=template.id)


async def _create(session: WriteSession, deps: Deps, caller: Caller, asked: CreateAccepted) -> UUID:
    body = DeploymentCreate(
        template_id=asked.template_id, domain_name=asked.domain_name, user_values=asked.user_values,
        preview_id=asked.preview_id,
    )  # fmt: skip
    return (await creating.create(session, deps, caller, body)).id


async def _propose_change(deps: Deps, caller: Caller, asked: Change) -> Proposal:
    if asked.domain_name is UNSET and asked.user_values is UNSET:
        raise invalid("/user_values", "give domain_name or user_values: what shall change?")
    body = PreviewChange(domain_name=asked.domain_name, user_values=asked.user_values)
    found, preview = await previewed_change(deps, caller, asked.deployment_id, body)
    moved = "" if asked.domain_name in (UNSET, found.domain_name) else f" to {asked.domain_name}"
    return _proposal(
        asked, preview, f"Change {found.domain_name}{moved}", generation=preview.generation,
        confirm_empty=preview.removes_everything,
    )  # fmt: skip


async def _change(session: WriteSession, deps: Deps, caller: Caller, asked: ChangeAccepted) -> UUID:
    found = await _unchanged(session, caller, asked.deployment_id, asked.generation)
    body = DeploymentUpdate(
        domain_name=asked.domain_name, user_values=asked.user_values, preview_id=asked.preview_id,
        confirm_empty=asked.confirm_empty,
    )  # fmt: skip
    await operations.change(session, deps, caller, found, body)
    return found.id


async def _propose_roll_back(deps: Deps, caller: Caller, asked: RollBack) -> Proposal:
    found, preview = await previewed_roll_back(deps, caller, asked.deployment_id, asked.revision)
    what = f"Roll {found.domain_name} back to revision {asked.revision}"
    return _proposal(asked, preview, what, generation=preview.generation)


async def _roll_back(session: WriteSession, deps: Deps, caller: Caller, asked: RollBackAccepted) -> UUID:  # noqa: ARG001
    found = await _unchanged(session, caller, asked.deployment_id, asked.generation)
    await operations.roll_back(session, caller, found, DeploymentRollback(revision=asked.revision))
    return found.id


async def _propose_delete(deps: Deps, caller: Caller, asked: Delete) -> Proposal:
    async with looking(deps, caller, asked.deployment_id, "deployment") as (session, found):
        operations.refuse_deleting(found)
        until, place = await previews.valid_until(session), await place_of(session, found)
    going = await _objects(deps, caller, found.cluster, place)
    namespace = f"the namespace {found.namespace_name} with everything in it"
    arguments = DeleteAccepted(deployment_id=found.id, generation=found.generation)
    return Proposal(
        arguments=msgspec.to_builtins(arguments),
        summary=f"Delete {found.domain_name}: its release ({named(going)}) and {namespace}.",
        expires_at=until,
        preview=None if going is None else {"removed": msgspec.to_builtins(going)},
    )


async def _objects(deps: Deps, caller: Caller, cluster: str, place: Place) -> list[ObjectName] | None:
    """Return what the release has in the cluster; None when nobody can tell: what is broken is deleted all the same."""
    try:
        found = await told(deps, cluster, RESOURCES, ListResources(place=place), ListedResources, who=caller.id)
    except ApiError as error:
        if error.code not in ("unavailable", "not_found"):
            raise
        return None
    return [ObjectName(api_version=each.api_version, kind=each.kind, name=each.name) for each in found.objects]


async def _delete(session: WriteSession, deps: Deps, caller: Caller, asked: DeleteAccepted) -> UUID:  # noqa: ARG001
    found = await _unchanged(session, caller, asked.deployment_id, asked.generation)
    await operations.delete(session, caller, found)
    return found.id


def _proposal(asked: Body, preview: PreviewRead, what: str, **more: Any) -> Proposal:
    arguments = {**msgspec.to_builtins(asked), "preview_id": str(preview.id), **msgspec.to_builtins(more)}
    return Proposal(
        arguments=arguments,
        summary=sentence(what, effects(preview)),
        expires_at=preview.expires_at,
        preview=msgspec.to_builtins(preview),
    )


async def _unchanged(session: WriteSession, caller: Caller, deployment: UUID, generation: int) -> DeploymentRow:
    """Lock and return the deployment; 412 when it is not what the user was shown any more."""
    found = await operations.locked(session, caller, deployment)
    if found.generation != generation:
        raise ApiError("stale", "the deployment was changed since it was proposed: propose again")
    return found


TOOLS = (
    Changes(
        name="deployment_create", takes=Create, propose=_propose_create, accepts=CreateAccepted, accept=_create
    ),
    Changes(
        name="deployment_change", takes=Change, propose=_propose_change, accepts=ChangeAccepted, accept=_change
    ),
    Changes(
        name="deployment_roll_back", takes=RollBack, propose=_propose_roll_back, accepts=RollBackAccepted, accept=_roll_back,
    ),
    Changes(name="deployment_delete", takes=Delete, propose=_propose_delete, accepts=DeleteAccepted, accept=_delete),
)  # fmt: skip
