"""Deployments: changes are accepted with 202 and carried out later."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from slipway.database.queries import deployments
from slipway.database.queries.rows import DeploymentRow
from slipway.domain.deployments import DeploymentStatus
from slipway_api.accepting import Answer, Idempotent, accepting, accepting_hot, require_match, respond
from slipway_api.auth.gate import admin_of, caller_of
from slipway_api.deps import Deps
from slipway_api.operations import adoption, creating, secret_values
from slipway_api.operations import deployments as operations
from slipway_api.operations.reading import audited, audited_list
from slipway_api.problems import not_found
from slipway_api.routes.etags import etag_of
from slipway_api.schemas.common import Page, cursor_of, limit_of, page_of
from slipway_api.schemas.deployments import (
    DeploymentAdopt,
    DeploymentCreate,
    DeploymentRead,
    DeploymentRollback,
    DeploymentUpdate,
    DeploymentUpgrade,
    SecretValue,
    deployment_reader,
    read_deployment,
)

Req = Request[Any, Any, Any]


def answer_of(found: DeploymentRow, deps: Deps, status: int) -> Answer:
    """Return the answer that shows a deployment."""
    return Answer(
        body=read_deployment(found, deps.public_scheme),
        status=status,
        location=f"/api/v1/deployments/{found.id}" if status == 202 else None,
        etag=etag_of(found.generation),
    )


@get("/deployments", tags=["deployments"])
async def list_deployments(
    request: Req,
    deps: NamedDependency[Deps],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
    status: FromQuery[DeploymentStatus | None] = None,
    user_id: FromQuery[UUID | None] = None,
    deleted: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
) -> Response[Page[DeploymentRead]]:
    """List your deployments, newest first; an admin may name another user."""
    caller = caller_of(request)
    if user_id is not None and user_id != caller.id:
        admin_of(request)
    after, most = cursor_of(cursor), limit_of(limit)
    async with deps.database.hot(caller.scope, read_only=True) as asked:
        rows = await deployments.page(
            asked, user=user_id or caller.id, cursor=after, limit=most, deleted=deleted, status=status
        )
    await audited_list(deps, caller, user_id or caller.id)
    return respond(Answer(body=page_of(rows, limit, deployment_reader(deps.public_scheme)), status=200))


@post("/deployments", tags=["deployments"], status_code=202)
async def create_deployment(
    data: JSONBody[DeploymentCreate], request: Req, deps: NamedDependency[Deps]
) -> Response[DeploymentRead]:
    """Ask for a deployment. The answer comes at once; follow its status or the event feed."""
    caller = caller_of(request)
    idempotent = Idempotent(request, caller, data)
    async with accepting_hot(deps, caller, request) as asked:
        if earlier := await idempotent.earlier(asked):
            return earlier
        created = await creating.create(asked, deps, caller, data)
        response = await idempotent.keep(asked, answer_of(created, deps, 202))
    await deps.wake()
    return response


@get("/deployments/{deployment_id:uuid}", tags=["deployments"])
async def get_deployment(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]
) -> Response[DeploymentRead]:
    """Return one deployment; one that was deleted still answers its owner."""
    caller = caller_of(request)
    async with deps.database.hot(caller.scope, read_only=True) as asked:
        found = await deployments.get(asked, deployment_id)
    if found is None:
        raise not_found("deployment")
    await audited(deps, caller, found, "deployment")
    return respond(answer_of(found, deps, 200))


@patch("/deployments/{deployment_id:uuid}", tags=["deployments"], status_code=202)
async def change_deployment(
    deployment_id: FromPath[UUID], data: JSONBody[DeploymentUpdate], request: Req, deps: NamedDependency[Deps]
) -> Response[DeploymentRead]:
    """Change domain, values, expiry or (admins) owner. 200 when nothing changes."""
    caller = caller_of(request)
    async with accepting_hot(deps, caller, request) as asked:
        found = await operations.locked(asked, caller, deployment_id)
        require_match(request, etag_of(found.generation))
        changed = await operations.change(asked, deps, caller, found, data)
    await deps.wake()
    return respond(answer_of(changed, deps, 200 if changed is found else 202))


@delete("/deployments/{deployment_id:uuid}", tags=["deployments"], status_code=202)
async def delete_deployment(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]
) -> Response[DeploymentRead]:
    """Ask for the removal of release and namespace. Asking again is the same request."""
    caller = caller_of(request)
    async with accepting_hot(deps, caller, request) as asked:
        found = await operations.locked(asked, caller, deployment_id)
        require_match(request, etag_of(found.generation))
        deleting = await operations.delete(asked, caller, found)
    await deps.wake()
    return respond(answer_of(deleting, deps, 202))


@post("/deployments/{deployment_id:uuid}/upgrade", tags=["deployments"], status_code=202)
async def upgrade_deployment(
    deployment_id: FromPath[UUID], data: JSONBody[DeploymentUpgrade], request: Req, deps: NamedDependency[Deps]
) -> Response[DeploymentRead]:
    """Go to another version of the same product. Admins only."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        found = await operations.locked(session, caller, deployment_id)
        admin_of(request)
        require_match(request, etag_of(found.generation))
        upgraded = await operations.upgrade(session, deps, caller, found, data)
    await deps.wake()
    return respond(answer_of(upgraded, deps, 202))


@post("/deployments/{deployment_id:uuid}/rollback", tags=["deployments"], status_code=202)
async def roll_back_deployment(
    deployment_id: FromPath[UUID], data: JSONBody[DeploymentRollback], request: Req, deps: NamedDependency[Deps]
) -> Response[DeploymentRead]:
    """Go back to what an earlier revision was made from. It stays: drift checks keep it."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        found = await operations.locked(session, caller, deployment_id)
        require_match(request, etag_of(found.generation))
        returned = await operations.roll_back(session, caller, found, data)
    await deps.wake()
    return respond(answer_of(returned, deps, 202))


@post("/deployments/adopt", tags=["deployments"], status_code=202)
async def adopt_deployment(
    data: JSONBody[DeploymentAdopt], request: Req, deps: NamedDependency[Deps]
) -> Response[DeploymentRead]:
    """Take over a release that was made by hand, when template and values give just what it is. Admins only."""
    caller = caller_of(request)
    idempotent = Idempotent(request, caller, data)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        if earlier := await idempotent.earlier(session):
            return earlier
        adopted = await adoption.adopt(session, deps, caller, data)
        response = await idempotent.keep(session, answer_of(adopted, deps, 202))
    await deps.wake()
    return response


@put("/deployments/{deployment_id:uuid}/secrets/{name:path}", tags=["deployments"], status_code=202)
async def set_secret(
    deployment_id: FromPath[UUID],
    name: FromPath[str],
    data: JSONBody[SecretValue],
    request: Req,
    deps: NamedDependency[Deps],
) -> Response[DeploymentRead]:
    """Set one secret field, named by its path in the values (`auth/password`). It is never shown again."""
    return await _secret(deployment_id, name, data.value, request, deps)


@delete("/deployments/{deployment_id:uuid}/secrets/{name:path}", tags=["deployments"], status_code=202)
async def remove_secret(
    deployment_id: FromPath[UUID], name: FromPath[str], request: Req, deps: NamedDependency[Deps]
) -> Response[DeploymentRead]:
    """Remove one secret field."""
    return await _secret(deployment_id, name, None, request, deps)


async def _secret(deployment: UUID, name: str, value: str | None, request: Req, deps: Deps) -> Response[DeploymentRead]:
    caller = caller_of(request)
    async with accepting_hot(deps, caller, request) as asked:
        found = await operations.locked(asked, caller, deployment)
        require_match(request, etag_of(found.generation))
        changed = await secret_values.put(asked, caller, found, name, value)
    await deps.wake()
    return respond(answer_of(changed, deps, 202))


HANDLERS = [
    list_deployments, create_deployment, get_deployment, change_deployment, delete_deployment, upgrade_deployment,
    roll_back_deployment, adopt_deployment, set_secret, remove_secret,
]  # fmt: skip
