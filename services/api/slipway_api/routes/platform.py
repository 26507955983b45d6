"""Clusters, registries, the audit trail and the drift scan. For admins."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from slipway.database.queries import audit, drift, outbox
from slipway.domain.events import EventType
from slipway_api.accepting import Answer, Idempotent, accepting, respond
from slipway_api.auth.gate import actor, admin_of, caller_of
from slipway_api.deps import Deps
from slipway_api.operations import clusters, registries
from slipway_api.operations.fields import time_problems
from slipway_api.problems import ApiError, invalid
from slipway_api.schemas.common import Empty, Page, cursor_of, limit_of
from slipway_api.schemas.platform import (
    AuditRead,
    ClusterCreate,
    ClusterForget,
    ClusterRead,
    RegistryCreate,
    RegistryRead,
)

Req = Request[Any, Any, Any]


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    deployments: int
    """That will be compared with their releases now."""


@get("/clusters", tags=["platform"])
async def list_clusters(request: Req, deps: NamedDependency[Deps]) -> Page[ClusterRead]:
    """List clusters with their executors, versions and free slots."""
    caller = admin_of(request)
    async with deps.database.reading(caller.scope) as session:
        return Page(items=await clusters.shown(session))


@post("/clusters", tags=["platform"])
async def create_cluster(
    data: JSONBody[ClusterCreate], request: Req, deps: NamedDependency[Deps]
) -> Response[ClusterRead]:
    """Register a cluster; then start executors with its name."""
    caller = caller_of(request)
    idempotent = Idempotent(request, caller, data)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        if earlier := await idempotent.earlier(session):
            return earlier
        made = await clusters.create(session, caller, data)
        return await idempotent.keep(session, Answer(body=made, status=201, location="/api/v1/clusters"))


@post("/clusters/{cluster_id:str}/forget", tags=["platform"], status_code=202)
async def forget_cluster(
    cluster_id: FromPath[str],
    request: Req,
    deps: NamedDependency[Deps],
    data: JSONBody[ClusterForget | None] = None,
) -> None:
    """Give up a lost cluster: its deployments count as deleted, and nothing is removed there."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        await clusters.forget(session, caller, cluster_id, data or ClusterForget())
    await deps.wake()


@get("/registries", tags=["platform"])
async def list_registries(
    request: Req, deps: NamedDependency[Deps], cursor: FromQuery[str | None] = None, limit: FromQuery[int] = 50
) -> Page[RegistryRead]:
    """List registries with credentials; those are never shown."""
    caller = admin_of(request)
    async with deps.database.reading(caller.scope) as session:
        return await registries.shown(session, cursor=cursor_of(cursor), limit=limit_of(limit))


@post("/registries", tags=["platform"])
async def create_registry(
    data: JSONBody[RegistryCreate], request: Req, deps: NamedDependency[Deps]
) -> Response[RegistryRead]:
    """Store credentials for charts and for pulling images, sealed to each cluster's key. They replace earlier ones."""
    caller = caller_of(request)
    idempotent = Idempotent(request, caller, data)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        if earlier := await idempotent.earlier(session):
            return earlier
        made = await registries.create(session, deps, caller, data)
        return await idempotent.keep(session, Answer(body=made, status=201, location="/api/v1/registries"))


@delete("/registries/{registry_id:uuid}", tags=["platform"])
async def delete_registry(registry_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> None:
    """Remove a registry's credentials."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        await registries.delete(session, caller, registry_id)


@get("/audit", tags=["platform"])
async def list_audit(  # noqa: PLR0913, PLR0917 - a query parameter for each filter
    request: Req,
    deps: NamedDependency[Deps],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
    actor: FromQuery[UUID | None] = None,
    deployment_id: FromQuery[UUID | None] = None,
    action: FromQuery[EventType | None] = None,
    result: FromQuery[str | None] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
) -> Page[AuditRead]:
    """List what people asked for, accepted and refused, newest first."""
    caller = admin_of(request)
    if result not in (None, "accepted", "refused"):
        raise invalid("/result", "is accepted or refused")
    if wrong := [*time_problems(since, "/since"), *time_problems(until, "/until")]:
        raise ApiError("invalid", errors=wrong)
    before = _position(cursor)
    wanted = audit.Wanted(
        actor=str(actor) if actor else None, deployment=deployment_id, action=action, result=result, since=since,
        until=until,
    )  # fmt: skip
    async with deps.database.reading(caller.scope) as session:
        rows = await audit.page(session, wanted, before=before, limit=limit_of(limit) + 1)
    shown = rows[:limit]
    more = str(shown[-1].id) if len(rows) > limit else None
    return Page(items=[_read(row) for row in shown], next_cursor=more)


@post("/admin/drift-scan", tags=["jobs"], status_code=202)
async def scan_for_drift(
    request: Req, deps: NamedDependency[Deps], data: JSONBody[Empty | None] = None
) -> Response[Scanned]:
    """Compare every ready deployment with its release, as fast as the clusters' limits allow."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        due = await drift.all_now(session)
        told = {"deployments": due}
        await outbox.record(session, EventType.DRIFT_SCAN_REQUESTED, actor=actor(caller), data=told)
        return respond(Answer(body=Scanned(deployments=due), status=202))


def _position(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit()) or len(cursor) > 18:
        raise invalid("/cursor", "is not a cursor that a page gave")
    return int(cursor)


def _read(row: audit.AuditRow) -> AuditRead:
    detail = {key: value for key, value in row.data.items() if key not in ("fields", "changes")}
    return AuditRead(
        id=row.event_id, time=row.created_at, action=row.type, actor={**row.actor, "email": row.email},
        object=row.subject, result="refused" if row.refused else "accepted", fields=row.data.get("fields", []),
        changes=row.data.get("changes", []), detail=detail,
    )  # fmt: skip


HANDLERS = [
    list_clusters, create_cluster, forget_cluster, list_registries, create_registry, delete_registry, list_audit,
    scan_for_drift,
]  # fmt: skip
