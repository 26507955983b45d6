"""Deployments: what a user has, and what may be asked of it."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient
from slipway.client.paging import NotFound, everything, pages
from slipway.client.previews import Preview
from slipway.client.templates import Template

PATH = "/deployments"
Verb = Literal["reconcile", "cancel", "suspend", "resume", "restart", "test"]


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    user_id: UUID
    domain_name: str
    deployment_uid: str
    """What people call it: also the name of its namespace and release."""
    namespace_name: str
    release_name: str
    cluster: str
    template_id: UUID
    applied_template_id: UUID | None = None
    user_values: dict[str, Any] | None = None
    status: str
    generation: int
    applied_generation: int | None = None
    last_error: str | None = None
    failure_class: str | None = None
    last_reconcile_at: datetime | None = None
    suspended: bool = False
    drifted: bool = False
    expires_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    url: str
    newer_template_id: UUID | None = None
    """The product's current version, when it comes after the wanted one."""
    template: Template

    @property
    def settled(self) -> bool:
        """Whether what was asked for is done, or given up: nothing follows by itself."""
        done = self.status == "ready" and self.applied_generation == self.generation
        return done or self.status in ("error", "deleted")


class Deployments:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    def list(
        self, *, status: str | None = None, user: UUID | None = None, deleted: bool = False, most: int | None = None
    ) -> AsyncGenerator[Deployment]:
        """Yield your deployments, newest first; an admin may name another user."""
        return pages(
            self._http, PATH, Deployment, most=most, status=status, user_id=user, deleted=deleted or None
        )  # fmt: skip

    async def get(self, deployment: UUID) -> Deployment:
        return msgspec.convert(await self._http.get(f"{PATH}/{deployment}"), Deployment)

    async def find(self, name: str) -> Deployment:
        """Return the deployment with this name, domain or id, or whose name alone begins so; else NotFound."""
        if not name:  # every name begins so
            raise NotFound("a deployment's name is missing")
        try:
            return await self.get(UUID(name))
        except ValueError:
            mine = await everything(self._http, PATH, Deployment)
        exact = [each for each in mine if name in (each.deployment_uid, each.domain_name)]
        alike = exact or [each for each in mine if each.deployment_uid.startswith(name)]
        if len(alike) == 1:
            return alike[0]
        if alike:
            names = ", ".join(sorted(each.deployment_uid for each in alike))
            raise NotFound(f"{name!r} begins the name of several deployments: {names}")
        raise NotFound(f"you have no deployment called {name!r}")

    async def create(self, **fields: Any) -> Deployment:
        """Ask for a deployment; the fields are those of DeploymentCreate."""
        return _read(await self._http.create(PATH, fields))

    async def change(self, deployment: UUID, *, seen: int | None = None, **fields: Any) -> Deployment:
        """Change what is given; `user_values` replaces the whole object.

        `seen` is the generation that the change was made from: Refused (`stale`) when somebody changed it since.
        """
        return _read(await self._http.patch(f"{PATH}/{deployment}", fields, if_match=seen))

    async def upgrade(self, deployment: UUID, template: UUID, **fields: Any) -> Deployment:
        """Go to another version of the product. Admins only."""
        body = {"template_id": template, **fields}
        return _read(await self._http.post(f"{PATH}/{deployment}/upgrade", body))

    async def roll_back(self, deployment: UUID, revision: int) -> Deployment:
        return _read(await self._http.post(f"{PATH}/{deployment}/rollback", {"revision": revision}))

    async def delete(self, deployment: UUID) -> Deployment:
        return _read(await self._http.delete(f"{PATH}/{deployment}"))

    async def ask(self, deployment: UUID, verb: Verb) -> Deployment:
        """Ask for what changes nothing that is wanted."""
        return _read(await self._http.post(f"{PATH}/{deployment}/{verb}"))

    async def set_secret(self, deployment: UUID, path: str, value: str) -> Deployment:
        """Set one secret field, named by its path in the values: `auth/password`."""
        return _read(await self._http.put(f"{PATH}/{deployment}/secrets/{path}", {"value": value}))

    async def remove_secret(self, deployment: UUID, path: str) -> Deployment:
        return _read(await self._http.delete(f"{PATH}/{deployment}/secrets/{path}"))

    async def adopt(self, **fields: Any) -> Deployment:
        """Take over a release that was made by hand; the fields are those of DeploymentAdopt. Admins only."""
        return _read(await self._http.post(f"{PATH}/adopt", fields))

    async def preview(self, **fields: Any) -> Preview:
        """Return what a new deployment would be made of; the fields are those of PreviewCreate."""
        return msgspec.convert(await self._http.post(f"{PATH}/preview", fields), Preview)

    async def preview_change(self, deployment: UUID, **fields: Any) -> Preview:
        """Return what a change would do; the fields are those of PATCH, and `template_id`."""
        return msgspec.convert(await self._http.post(f"{PATH}/{deployment}/preview", fields), Preview)


def _read(answer: Any) -> Deployment:
    return msgspec.convert(answer, Deployment)
