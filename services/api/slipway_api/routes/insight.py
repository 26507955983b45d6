"""Looking into a deployment: its history, its live objects, its pods' logs."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from slipway.database.engine import ReadSession
from slipway.database.models import Deployment
from slipway.database.queries import deployments, events, feed
from slipway.domain.events import CloudEvent, without_address
from slipway.messaging import subjects
from slipway.messaging.queries import (
    LOGS,
    NOTES,
    RESOURCES,
    ListedResources,
    ListResources,
    LogsRead,
    NotesRead,
    Place,
    ReadLogs,
    ReadNotes,
)
from slipway_api.auth.gate import caller_of, identify
from slipway_api.deps import Deps
from slipway_api.operations import reading
from slipway_api.operations.asking import told
from slipway_api.problems import invalid
from slipway_api.routes.deployments import found_by
from slipway_api.schemas.common import Page, cursor_of, limit_of, page_of
from slipway_api.schemas.deployments import (
    DeploymentReconcileJobRead,
    DeploymentRevisionRead,
    NotesShown,
    ResourcesShown,
    read_job,
    read_revision,
)

Req = Request[Any, Any, Any]
LONGEST_TAIL = 5000
CHECK_SEC = 30.0
TEXT = "text/plain"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\Z")


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
        await found_by(session, deployment_id)
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
        await found_by(session, deployment_id)
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
        await found_by(session, deployment_id)
        head = await feed.head(session)
        rows = await events.of_deployment(session, deployment=deployment_id, after=after, limit=limit_of(limit) + 1)
    shown = [without_address(feed.cloud_event(row, head.uid)) for row in rows[:limit]]
    return Page(items=shown, next_cursor=str(shown[-1].slipwayseq) if len(rows) > limit else None)


@get("/deployments/{deployment_id:uuid}/resources", tags=["insight"])
async def list_resources(deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> ResourcesShown:
    """Return the live objects and pods, with why they are not ready."""
    cluster, place = await _looked_at(deps, request, deployment_id, "resources")
    found = await told(deps, cluster, RESOURCES, ListResources(place=place), ListedResources)
    return ResourcesShown(objects=found.objects, pods=found.pods)


@get("/deployments/{deployment_id:uuid}/notes", tags=["insight"])
async def read_notes(deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> NotesShown:
    """Return what the chart tells its user."""
    cluster, place = await _looked_at(deps, request, deployment_id, "notes")
    found = await told(deps, cluster, NOTES, ReadNotes(place=place), NotesRead)
    return NotesShown(notes=found.notes)


@get("/deployments/{deployment_id:uuid}/pods/{pod:str}/logs", tags=["insight"], media_type=TEXT)
async def read_logs(
    deployment_id: FromPath[UUID],
    pod: FromPath[str],
    request: Req,
    deps: NamedDependency[Deps],
    follow: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
    tail: FromQuery[int] = 100,
    container: FromQuery[str | None] = None,
    previous: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
) -> Response[str] | Stream:
    """Return the last lines that a pod printed; with `follow`, go on until it ends or you go."""
    if not 1 <= tail <= LONGEST_TAIL:
        raise invalid("/tail", f"is 1 to {LONGEST_TAIL}")
    for name, value in (("pod", pod), ("container", container)):
        if value is not None and not _NAME.match(value):
            raise invalid(f"/{name}", "is the name of a Kubernetes object")
    cluster, place = await _looked_at(deps, request, deployment_id, f"logs of {pod}")
    asked = ReadLogs(place=place, pod=pod, container=container, tail=tail, previous=previous)
    if not follow:
        found = await told(deps, cluster, LOGS, asked, LogsRead, timeout=20.0)
        return Response(found.text, media_type=TEXT)
    await told(deps, cluster, LOGS, asked, LogsRead, timeout=20.0)  # its trouble is told with a status of its own

    async def allowed() -> None:
        reader = await identify(deps, request.headers.get("Authorization", ""))
        async with deps.database.reading(reader.scope) as session:
            await found_by(session, deployment_id)

    return Stream(_followed(deps, cluster, asked, allowed), media_type=TEXT, headers={"Cache-Control": "no-store"})


async def _followed(
    deps: Deps, cluster: str, asked: ReadLogs, allowed: Callable[[], Awaitable[None]]
) -> AsyncIterator[bytes]:
    """Yield what an executor sends to a subject of our own; it goes on while we answer that we are there.

    `allowed` raises when the reader's token has ended or the deployment is not theirs any more.
    """
    if deps.broker is None:
        return
    subject = subjects.follow(secrets.token_hex(16))
    pieces: asyncio.Queue[bytes] = asyncio.Queue(256)

    overflown = asyncio.Event()

    async def heard(_: str, data: bytes) -> None:
        try:
            pieces.put_nowait(data)
        except asyncio.QueueFull:  # a reader that is too slow is let go
            overflown.set()

    async def alive(_: str, __: bytes) -> bytes:
        return b"yes"

    async with (
        deps.broker.listen(subject, heard),
        deps.broker.respond(f"{subject}.alive", alive, group=subject),
    ):
        wanted = ReadLogs(
            place=asked.place, pod=asked.pod, container=asked.container, tail=asked.tail, follow_to=subject
        )
        await told(deps, cluster, LOGS, wanted, LogsRead, timeout=20.0)
        while not overflown.is_set():
            try:
                piece = await asyncio.wait_for(pieces.get(), CHECK_SEC)
            except TimeoutError:
                await allowed()
                continue
            if not piece:
                return
            yield piece


async def _looked_at(deps: Deps, request: Req, deployment: UUID, what: str) -> tuple[str, Place]:
    """Return the deployment's cluster and place; an admin's look at somebody else's is recorded."""
    caller = caller_of(request)
    async with deps.database.reading(caller.scope) as session:
        found = await found_by(session, deployment)
        place = await _place(session, found)
    await reading.audited(deps, caller, found, what)
    return found.cluster, place


async def _place(session: ReadSession, deployment: Deployment) -> Place:
    head = await feed.head(session)
    return Place(
        installation=head.uid, deployment=deployment.id, namespace=deployment.namespace_name,
        release=deployment.release_name,
    )  # fmt: skip


HANDLERS = [
    list_deployment_jobs, list_revisions, list_deployment_events, list_resources, read_notes, read_logs,
]  # fmt: skip
