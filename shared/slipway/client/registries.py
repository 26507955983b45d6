"""Registries: the credentials with which charts and images are fetched. For admins."""

from datetime import datetime
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient
from slipway.client.paging import NotFound, everything

PATH = "/registries"


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    host: str
    username: str
    clusters: list[str] = []
    """Whose executors have the credentials."""
    created_at: datetime
    updated_at: datetime


class Registries:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def list(self) -> list[Registry]:
        return await everything(self._http, PATH, Registry)

    async def find(self, host: str) -> Registry:
        """Return the credentials that are stored for a host."""
        registries = await self.list()
        for each in registries:
            if host.casefold() in (each.host, str(each.id)):
                return each
        there = ", ".join(each.host for each in registries) or "none"
        raise NotFound(f"no credentials are stored for {host!r}; there are: {there}")

    async def store(self, host: str, username: str, password: str) -> Registry:
        """Store credentials, in place of those that were stored for the host. Nothing shows the password again."""
        body = {"host": host, "username": username, "password": password}
        return msgspec.convert(await self._http.post(PATH, body), Registry)

    async def delete(self, registry: UUID) -> None:
        await self._http.delete(f"{PATH}/{registry}")
