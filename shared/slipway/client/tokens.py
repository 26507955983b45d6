"""Personal access tokens: for scripts, and for tools that act for a user."""

from datetime import datetime
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient
from slipway.client.naming import called
from slipway.client.paging import everything

PATH = "/users/me/tokens"


class Token(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    read_only: bool = False
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    created_at: datetime
    token: str | None = None
    """Only in the answer to its creation: it is never shown again."""


class Tokens:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def list(self) -> list[Token]:
        return await everything(self._http, PATH, Token)

    async def find(self, name: str) -> Token:
        """Return the token with this name, or this id, or whose id ends so (eight characters at least)."""
        return called(await self.list(), name, noun="token", title=lambda each: each.name)

    async def create(self, name: str, *, read_only: bool = False, expires_at: datetime | None = None) -> Token:
        """Make a token. Repeated, it would be a second one: its secret is not kept, so it has no Idempotency-Key."""
        body = {"name": name, "read_only": read_only, "expires_at": expires_at}
        return msgspec.convert(await self._http.post(PATH, body), Token)

    async def delete(self, token: UUID) -> None:
        await self._http.delete(f"{PATH}/{token}")
