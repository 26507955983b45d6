"""Reconcile jobs: the work that a change, a retry or a drift makes."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient
from slipway.client.paging import everything


class Job(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    deployment_id: UUID
    reason: str
    status: str
    generation: int
    run_after: datetime
    attempt: int
    lost: int = 0
    fence: int | None = None
    locked_by: str | None = None
    locked_at: datetime | None = None
    last_error: str | None = None
    asked_json: dict[str, Any] | None = None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None


class Jobs:
    """For admins."""

    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def list(self, *, status: str | None = None, most: int | None = None) -> list[Job]:
        """Return the jobs of all deployments, newest first."""
        return await everything(self._http, "/jobs", Job, most=most, status=status)

    async def requeue(self, job: UUID) -> Job:
        return msgspec.convert(await self._http.post(f"/jobs/{job}/requeue"), Job)

    async def fail(self, job: UUID) -> Job:
        return msgspec.convert(await self._http.post(f"/jobs/{job}/fail"), Job)
