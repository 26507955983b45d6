"""Tasks: a user's own list."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient
from slipway.client.paging import NotFound, everything


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
        """Return the task whose id ends so, or with this title."""
        tasks = await self.list()
        alike = [each for each in tasks if str(each.id).endswith(name) or each.title.casefold() == name.casefold()]
        if len(alike) == 1:
            return alike[0]
        raise NotFound(f"{len(alike)} tasks are called {name!r}" if alike else f"you have no task {name!r}")

    async def create(self, title: str, description: str | None = None) -> Task:
        body = {"title": title, "description": description}
        return msgspec.convert(await self._http.create("/tasks", body), Task)

    async def change(self, task: UUID, **fields: Any) -> Task:
        return msgspec.convert(await self._http.patch(f"/tasks/{task}", fields), Task)

    async def delete(self, task: UUID) -> None:
        await self._http.delete(f"/tasks/{task}")
