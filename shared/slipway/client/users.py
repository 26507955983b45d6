"""Users."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient
from slipway.client.paging import NotFound, everything, query
from slipway.domain.usage import Quota, Usage


class User(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    email: str
    display_name: str | None = None
    is_admin: bool = False
    created_at: datetime
    updated_at: datetime


class Quotas(msgspec.Struct, frozen=True, kw_only=True):
    """What a user may have, and has."""

    own: dict[str, int | None] = {}
    """What an admin set; null where the installation's default holds."""
    quota: Quota
    deployments: int
    """Live ones."""
    used: Usage


class Users:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def me(self) -> User:
        return msgspec.convert(await self._http.get("/users/me"), User)

    async def list(self) -> list[User]:
        """Return all users. Admins only, like all that follows."""
        return await everything(self._http, "/users", User)

    async def find(self, email: str) -> User:
        """Return the user with this address or id."""
        for each in await self.list():
            if email.casefold() in (each.email.casefold(), str(each.id)):
                return each
        raise NotFound(f"there is no user {email!r}")

    async def create(self, email: str, **fields: Any) -> User:
        """Make a user; the fields are those of UserCreate."""
        return msgspec.convert(await self._http.create("/users", {"email": email, **fields}), User)

    async def change(self, user: UUID, **fields: Any) -> User:
        """Change what is given; the fields are those of UserUpdate."""
        return msgspec.convert(await self._http.patch(f"/users/{user}", fields), User)

    async def delete(self, user: UUID, *, cascade: bool = False) -> None:
        """Remove a user; refused while they have deployments, unless these go too (`cascade`)."""
        await self._http.delete(query(f"/users/{user}", {"cascade": cascade or None}))

    async def quota(self, user: UUID) -> Quotas:
        return msgspec.convert(await self._http.get(f"/users/{user}/quota"), Quotas)

    async def set_quota(self, user: UUID, **amounts: int | None) -> Quotas:
        """Set all of what a user may have; what is absent or None is the installation's default."""
        return msgspec.convert(await self._http.put(f"/users/{user}/quota", amounts), Quotas)

    async def change_password(self, current: str, new: str) -> None:
        """Change your own password; your other sign-ins end."""
        await self._http.post("/auth/password", {"current_password": current, "new_password": new})
