"""Deployments: changes are accepted with 202 and carried out later."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from slipway.database.engine import ReadSession
from slipway.database.models import Deployment
from slipway.database.queries import deployments, events, feed
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.events import CloudEvent
from slipway_api.accepting import Answer, Idempotent, accepting, require_match, respond
from slipway_api.auth.gate import admin_of, caller_of
from slipway_api.deps import Deps
from slipway_api.operations import deployments as operations
from slipway_api.problems import invalid, not_found
from slipway_api.routes.etags import etag_of
from slipway_api.schemas.common import Empty, Page, cursor_of, limit_of, page_of
from slipway_api.schemas.deployments import (
    DeploymentCreate,
    DeploymentRead,
    DeploymentReconcileJobRead,
    DeploymentRevisionRead,
    DeploymentUpdate,
    DeploymentUpgrade,
    read_deployment,
    read_job,
    read_revision,
)

Req = Request[Any, Any, Any]


async def _answer(session: ReadSession, deps: Deps, deployment: UUID, status: int) -> Answer:
    found = await _found(session, deployment)
    return Answer(
        body=read_deployment(found, deps.public_scheme),
        status=status,
        location=f"/api/v1/deployments/{deployment}" if status == 202 else None,
        etag=etag_of(found.generation),
    )


async def _found(session: ReadSession, deployment: UUID) -> Deployment:
    found = await deployments.get(session, deployment)
    if found is None:
        raise not_found("deployment")
    return found


@get("/deployments", tags=["deployments"])
async def list_deployments(
    request: Req,
    deps: NamedDependency[Deps],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
    status: FromQuery[DeploymentStatus | None] = None,
    user_id: FromQuery[UUID | None] = None,
    deleted: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
) -> Page[DeploymentRead]:
    """List your deployments, newest first; an admin may name another user."""
    caller = caller_of(request)
    if user_id is not None and user_id != caller.id:
        admin_of(request)
    async with deps.database.reading(caller.scope) as session:
        rows = await deployments.page(
            session,
            cursor=cursor_of(cursor),
            limit=limit_of(limit),
            user=user_id or caller.id,
            deleted=deleted,
            status=status,
        )
        return page_of(rows, limit, lambda row: read_deployment(row, deps.public_scheme))


@post("/deployments", tags=["deployments"], status_code=202)
async def create_deployment(
    data: JSONBody[DeploymentCreate], request: Req, deps: NamedDependency[Deps]
) -> Response[DeploymentRead]:
    """Ask for a deployment. The answer comes at once; follow its status or the event feed."""
    caller = caller_of(request)
    idempotent = Idempotent(request, caller, data)
    async with accepting(deps, caller, request) as session:
        if earlier := await idempotent.earlier(session):
            return earlier
        created = await operations.create(session, deps, caller, data)
        response = await idempotent.keep(session, await _answer(session, deps, created, 202))
    await deps.wake()
    return response


@get("/deployments/{deployment_id:uuid}", tags=["deployments"])
async def get_deployment(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]
) -> Response[DeploymentRead]:
    """Return one deployment; one that was deleted still answers its owner."""
    async with deps.database.reading(caller_of(request).scope) as session:
        return respond(await _answer(session, deps, deployment_id, 200))


@patch("/deployments/{deployment_id:uuid}", tags=["deployments"], status_code=202)
async def change_deployment(
    deployment_id: FromPath[UUID], data: JSONBody[DeploymentUpdate], request: Req, deps: NamedDependency[Deps]
) -> Response[DeploymentRead]:
    """Change domain, values, expiry or (admins) owner. 200 when nothing changes."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        found = await operations.locked(session, caller, deployment_id)
        require_match(request, etag_of(found.generation))
        changed = await operations.change(session, deps, caller, found, data)
        response = respond(await _answer(session, deps, deployment_id, 202 if changed else 200))
    await deps.wake()
    return response


@delete("/deployments/{deployment_id:uuid}", tags=["deployments"], status_code=202)
async def delete_deployment(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]
) -> Response[DeploymentRead]:
    """Ask for the removal of release and namespace. Asking again is the same request."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        found = await operations.locked(session, caller, deployment_id)
        require_match(request, etag_of(found.generation))
        await operations.delete(session, caller, found)
        response = respond(await _answer(session, deps, deployment_id, 202))
    await deps.wake()
    return response


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
        await operations.upgrade(session, caller, found, data)
        response = respond(await _answer(session, deps, deployment_id, 202))
    await deps.wake()
    return response


@post("/deployments/{deployment_id:uuid}/reconcile", tags=["deployments"], status_code=202)
async def reconcile_deployment(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps], data: JSONBody[Empty | None] = None
) -> Response[DeploymentRead]:
    """Compare with the cluster again and repair, whatever was held back."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        found = await operations.locked(session, caller, deployment_id)
        await operations.reconcile(session, caller, found)
        response = respond(await _answer(session, deps, deployment_id, 202))
    await deps.wake()
    return response


@get("/deployments/{deployment_id:uuid}/jobs", tags=["insight"])
async def list_deployment_jobs(
    deployment_id: FromPath[UUID],
    request: Req,
    deps: NamedDependency[Deps],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> Page[DeploymentReconcileJobRead]:
    """List the deployment's jobs, newest first."""
    async with deps.database.reading(caller_of(request).scope) as session:
        await _found(session, deployment_id)
        rows = await deployments.jobs(
            session, deployment=deployment_id, cursor=cursor_of(cursor), limit=limit_of(limit)
        )
    return page_of(rows, limit, read_job)


@get("/deployments/{deployment_id:uuid}/revisions", tags=["insight"])
async def list_revisions(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps], limit: FromQuery[int] = 50
) -> Page[DeploymentRevisionRead]:
    """List the revisions that were deployed, newest first."""
    async with deps.database.reading(caller_of(request).scope) as session:
        await _found(session, deployment_id)
        rows = await deployments.revisions(session, deployment=deployment_id, limit=limit_of(limit))
    return Page(items=[read_revision(row) for row in rows])


@get("/deployments/{deployment_id:uuid}/events", tags=["insight"])
async def list_deployment_events(
    deployment_id: FromPath[UUID],
    request: Req,
    deps: NamedDependency[Deps],
    after: FromQuery[int] = 0,
    limit: FromQuery[int] = 50,
) -> Page[CloudEvent]:
    """List the deployment's events, oldest first, after one of them (its `slipwayseq`)."""
    if not 0 <= after < 1 << 63:
        raise invalid("/after", "is the slipwayseq of an event, or 0")
    async with deps.database.reading(caller_of(request).scope) as session:
        await _found(session, deployment_id)
        head = await feed.head(session)
        rows = await events.of_deployment(session, deployment=deployment_id, after=after, limit=limit_of(limit) + 1)
    shown = [feed.cloud_event(row, head.uid) for row in rows[:limit]]
    return Page(items=shown, next_cursor=str(shown[-1].slipwayseq) if len(rows) > limit else None)


HANDLERS = [
    list_deployments, create_deployment, get_deployment, change_deployment, delete_deployment, upgrade_deployment,
    reconcile_deployment, list_deployment_jobs, list_revisions, list_deployment_events,
]  # fmt: skip
