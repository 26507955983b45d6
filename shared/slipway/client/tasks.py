"""Tasks: a user's own list."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient
from slipway.client.naming import called
from slipway.client.paging import everything


class Task(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    title: str
    description: str | None = None
    is_completed: bool = False
    created_at: datetime
    updated_at: datetime


class Tasks:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def list(self) -> list[Task]:
        return await everything(self._http, "/tasks", Task)

    async def find(self, name: str) -> Task:
        """Return the task with this title, or this id, or whose id ends so (eight characters at least)."""
        return called(await self.list(), name, noun="task", title=lambda each: each.title)

    async def create(self, title: str, description: str | None = None) -> Task:
        body = {"title": title, "description": description}
        return msgspec.convert(await self._http.create("/tasks", body), Task)

    async def change(self, task: UUID, **fields: Any) -> Task:
        return msgspec.convert(await self._http.patch(f"/tasks/{task}", fields), Task)

    async def delete(self, task: UUID) -> None:
        await self._http.delete(f"/tasks/{task}")
