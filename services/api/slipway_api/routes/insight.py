"""Looking into a deployment: its history, its live objects, its pods' logs."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from secrets import token_hex
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from slipway.database.queries import deployments, events, feed, jobs, secrets
from slipway.domain.events import CloudEvent, without_address
from slipway.messaging import subjects
from slipway.messaging.messages import Sealed
from slipway.messaging.queries import (
    LOGS,
    NOTES,
    OBJECT,
    RESOURCES,
    ListedResources,
    ListResources,
    LogsRead,
    NotesRead,
    ObjectRead,
    ReadLogs,
    ReadNotes,
    ReadObject,
)
from slipway_api.auth.gate import caller_of, identify
from slipway_api.deps import Deps
from slipway_api.operations.asking import told
from slipway_api.operations.reading import found_by, looked_at, looking
from slipway_api.problems import invalid
from slipway_api.schemas.common import Page, cursor_of, limit_of, page_of
from slipway_api.schemas.deployments import (
    DeploymentReconcileJobRead,
    DeploymentRevisionRead,
    NotesShown,
    ObjectShown,
    ResourcesShown,
    read_job,
    read_revision,
)

Req = Request[Any, Any, Any]
LONGEST_TAIL = 5000
CHECK_SEC = 30.0
TEXT = "text/plain"
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}\Z")
_OBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}\Z")
"""Names of roles may have colons and capitals, too."""
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
    async with looking(deps, caller_of(request), deployment_id, "jobs") as (session, _):
        rows = await jobs.page(session, deployment=deployment_id, cursor=cursor_of(cursor), limit=limit_of(limit))
    return page_of(rows, limit, read_job)


@get("/deployments/{deployment_id:uuid}/revisions", tags=["insight"])
async def list_revisions(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps], limit: FromQuery[int] = 50
) -> Page[DeploymentRevisionRead]:
    """List the revisions that were deployed, newest first."""
    async with looking(deps, caller_of(request), deployment_id, "revisions") as (session, _):
        rows = await deployments.revisions(session, deployment=deployment_id, limit=limit_of(limit))
    return Page(items=[read_revision(row) for row in rows])


@get("/deployments/{deployment_id:uuid}/events", tags=["insight"])
async def list_deployment_events(
    deployment_id: FromPath[UUID],
    request: Req,
    deps: NamedDependency[Deps],
    after: FromQuery[int] = 0,
    limit: FromQuery[int] = 50,
    newest_first: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
) -> Page[CloudEvent]:
    """List the deployment's events in their order, or from the newest back, past one of them (its `slipwayseq`)."""
    if not 0 <= after < 1 << 63:
        raise invalid("/after", "is the slipwayseq of an event, or 0")
    most = limit_of(limit)
    async with looking(deps, caller_of(request), deployment_id, "events") as (session, _):
        head = await feed.head(session)
        rows = await events.of_deployment(
            session, deployment=deployment_id, after=after, limit=most + 1, newest_first=newest_first
        )
    shown = [without_address(feed.cloud_event(row, head.uid)) for row in rows[:most]]
    return Page(items=shown, next_cursor=str(shown[-1].slipwayseq) if len(rows) > most else None)


@get("/deployments/{deployment_id:uuid}/resources", tags=["insight"])
async def list_resources(deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> ResourcesShown:
    """Return the live objects and pods, with why they are not ready."""
    cluster, place = await looked_at(deps, caller_of(request), deployment_id, "resources")
    found = await told(deps, cluster, RESOURCES, ListResources(place=place), ListedResources, who=caller_of(request).id)
    return ResourcesShown(objects=found.objects, pods=found.pods)


@get("/deployments/{deployment_id:uuid}/resources/{kind:str}/{name:str}", tags=["insight"])
async def read_object(
    deployment_id: FromPath[UUID],
    kind: FromPath[str],
    name: FromPath[str],
    request: Req,
    deps: NamedDependency[Deps],
    api_version: FromQuery[str | None] = None,
) -> ObjectShown:
    """Return one live object of the release, or a pod of it, as the cluster has it: secrets are hidden."""
    for field, value, pattern in (("kind", kind, _KIND), ("name", name, _OBJECT)):
        if not pattern.match(value):
            raise invalid(f"/{field}", f"is the {field} of a Kubernetes object")
    cluster, place = await looked_at(deps, caller_of(request), deployment_id, f"{kind} {name}")
    sealed = await _sealed(deps, request, deployment_id)
    asked = ReadObject(place=place, kind=kind, name=name, api_version=api_version, secrets=sealed)
    found = await told(deps, cluster, OBJECT, asked, ObjectRead, who=caller_of(request).id)
    return ObjectShown(manifest=found.manifest, shortened=found.shortened)


@get("/deployments/{deployment_id:uuid}/notes", tags=["insight"])
async def read_notes(deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> NotesShown:
    """Return what the chart tells its user."""
    cluster, place = await looked_at(deps, caller_of(request), deployment_id, "notes")
    asked = ReadNotes(place=place, secrets=await _sealed(deps, request, deployment_id))
    found = await told(deps, cluster, NOTES, asked, NotesRead, who=caller_of(request).id)
    return NotesShown(notes=found.notes)


async def _sealed(deps: Deps, request: Req, deployment: UUID) -> tuple[Sealed, ...]:
    """Return the deployment's secrets, which only an executor can open, to be hidden in what it shows."""
    async with deps.database.reading(caller_of(request).scope) as session:
        stored = await secrets.of_deployment(session, deployment)
    return tuple(Sealed(name=each.name, ciphertext=each.ciphertext) for each in stored)


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
    who = caller_of(request).id
    if follow:
        deps.streams.check(who)
    cluster, place = await looked_at(deps, caller_of(request), deployment_id, f"logs of {pod}")
    asked = ReadLogs(place=place, pod=pod, container=container, tail=tail, previous=previous)
    if not follow:
        found = await told(deps, cluster, LOGS, asked, LogsRead, who=who, timeout=20.0)
        return Response(found.text, media_type=TEXT)
    # its trouble is told with a status of its own
    await told(deps, cluster, LOGS, asked, LogsRead, who=who, timeout=20.0)

    async def allowed() -> None:
        reader = await identify(deps, request.headers.get("Authorization", ""))
        async with deps.database.reading(reader.scope) as session:
            await found_by(session, deployment_id)

    source = deps.streams.during(who, _followed(deps, who, cluster, asked, allowed))
    return Stream(source, media_type=TEXT, headers={"Cache-Control": "no-store"})


async def _followed(
    deps: Deps, who: UUID, cluster: str, asked: ReadLogs, allowed: Callable[[], Awaitable[None]]
) -> AsyncGenerator[bytes]:
    """Yield what an executor sends to a subject of our own; it goes on while we answer that we are there.

    `allowed` raises when the reader's token has ended or the deployment is not theirs any more.
    """
    if deps.broker is None:
        return
    subject = subjects.follow(cluster, token_hex(16))
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
        await told(deps, cluster, LOGS, wanted, LogsRead, who=who, timeout=20.0)
        checked = deps.clock.monotonic()
        while not overflown.is_set():
            left = checked + CHECK_SEC - deps.clock.monotonic()
            if left <= 0:  # however much the pod prints
                await allowed()
                checked = deps.clock.monotonic()
                continue
            try:
                piece = await asyncio.wait_for(pieces.get(), left)
            except TimeoutError:
                continue
            if not piece:
                return
            yield piece


HANDLERS = [
    list_deployment_jobs, list_revisions, list_deployment_events, list_resources, read_object,
    read_notes, read_logs,
]  # fmt: skip
