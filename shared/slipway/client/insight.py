"""Looking into a deployment: its history, its live objects, what its pods print."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient
from slipway.client.jobs import Job
from slipway.client.paging import everything, pages, query
from slipway.client.previews import ObjectName
from slipway.domain.events import CloudEvent

QUIET_SEC = 24 * 3600.0
"""A pod may print nothing for long: only a broken connection ends what follows it."""


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    revision: int
    generation: int
    template_id: UUID
    user_values_json: dict[str, Any] | None = None
    succeeded: bool
    asked_json: dict[str, Any] | None = None
    created_at: datetime


class Resource(ObjectName, frozen=True, kw_only=True):
    ready: bool
    reason: str | None = None
    created_at: datetime | None = None


class Container(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    image: str
    ready: bool
    restarts: int
    state: str


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    phase: str
    ready: bool
    reason: str | None = None
    node: str | None = None
    created_at: datetime | None = None
    containers: list[Container] = []


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    objects: list[Resource] = []
    pods: list[Pod] = []


class LiveObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object as the cluster has it, its secrets hidden; `shortened` when it is too large to be sent whole."""

    manifest: dict[str, Any]
    shortened: bool


class Insight:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def jobs(self, deployment: UUID, *, most: int | None = None) -> list[Job]:
        return await everything(self._http, f"/deployments/{deployment}/jobs", Job, most=most)

    async def revisions(self, deployment: UUID) -> list[Revision]:
        """Return the revisions that were deployed, newest first."""
        return await everything(self._http, f"/deployments/{deployment}/revisions", Revision, most=200)

    def events(
        self, deployment: UUID, *, after: int | None = None, newest_first: bool = False, most: int | None = None
    ) -> AsyncGenerator[CloudEvent]:
        """Yield the deployment's events in their order, or from the newest back, past one of them (its `slipwayseq`)."""
        path = f"/deployments/{deployment}/events"
        start = None if after is None else str(after)
        return pages(
            self._http, path, CloudEvent, cursor="after", start=start, most=most, newest_first=newest_first or None
        )

    async def resources(self, deployment: UUID) -> Resources:
        return msgspec.convert(await self._http.get(f"/deployments/{deployment}/resources"), Resources)

    async def object(self, deployment: UUID, kind: str, name: str, *, api_version: str | None = None) -> LiveObject:
        """Return one live object or pod; `api_version` only where two groups have such a kind."""
        kind, name = quote(kind, safe=""), quote(name, safe="")
        path = query(f"/deployments/{deployment}/resources/{kind}/{name}", {"api_version": api_version})
        return msgspec.convert(await self._http.get(path), LiveObject)

    async def notes(self, deployment: UUID) -> str:
        """Return what the chart tells its user."""
        return (await self._http.get(f"/deployments/{deployment}/notes"))["notes"]

    async def logs(
        self, deployment: UUID, pod: str, *, tail: int = 100, container: str | None = None, previous: bool = False
    ) -> str:
        """Return the last lines that a pod printed."""
        return await self._http.text(_logs(deployment, pod, tail=tail, container=container, previous=previous or None))

    async def follow_logs(
        self, deployment: UUID, pod: str, *, tail: int = 100, container: str | None = None
    ) -> AsyncGenerator[str]:
        """Yield lines as a pod prints them, until it ends."""
        path = _logs(deployment, pod, tail=tail, container=container, follow=True)
        async with self._http.stream("GET", path, quiet_sec=QUIET_SEC) as answer:
            async for line in answer.aiter_lines():
                yield line


def _logs(deployment: UUID, pod: str, **parameters: Any) -> str:
    pod = quote(pod, safe="")
    return query(f"/deployments/{deployment}/pods/{pod}/logs", parameters)
