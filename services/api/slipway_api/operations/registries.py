"""Credentials of registries: sealed here, opened only by executors."""

from uuid import UUID

import msgspec

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.models import Registry
from slipway.database.queries import clusters, outbox, registries
from slipway.database.queries.pages import Cursor
from slipway.domain.events import EventType
from slipway.domain.values import Problem
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.problems import ApiError, not_found
from slipway_api.schemas.common import Page, page_of
from slipway_api.schemas.platform import RegistryCreate, RegistryRead
from slipway_api.sealing import seal

LONGEST = 4096


async def shown(session: ReadSession, *, cursor: Cursor | None, limit: int) -> Page[RegistryRead]:
    rows = await registries.page(session, cursor=cursor, limit=limit)
    holders = {row.id: await registries.clusters_of(session, row.id) for row in rows}
    return page_of(rows, limit, lambda row: _read(row, holders[row.id]))


async def create(session: WriteSession, deps: Deps, caller: Caller, body: RegistryCreate) -> RegistryRead:
    """Store the credentials for every cluster that told its key."""
    found: list[Problem] = []
    if body.host.lower() not in deps.registries.hosts:
        message = "is not on the platform's list of registries: an operator adds it to SLIPWAY_REGISTRIES"
        found.append(Problem(pointer="/host", message=message))
    found += [
        Problem(pointer=f"/{name}", message=f"has 1 to {LONGEST} characters")
        for name in ("username", "password")
        if not 0 < len(getattr(body, name)) <= LONGEST
    ]
    if found:
        raise ApiError("invalid", errors=found)
    keys = await clusters.keys(session)
    if not keys:
        raise ApiError("unavailable", "no executor of any cluster has told its key yet", retry_after=10)
    plain = msgspec.json.encode({"username": body.username, "password": body.password})
    sealed = {cluster: seal(key, plain) for cluster, key in keys.items()}
    made = await registries.put(
        session, host=body.host.lower(), username=body.username, image_pull=body.image_pull, sealed=sealed
    )
    await _tell(session, caller, EventType.REGISTRY_CREATED, made, body.host.lower())
    row = await registries.get(session, made)
    if row is None:
        raise not_found("registry")
    return _read(row, await registries.clusters_of(session, made))


async def delete(session: WriteSession, caller: Caller, registry: UUID) -> None:
    host = await registries.delete(session, registry)
    if host is None:
        raise not_found("registry")
    await _tell(session, caller, EventType.REGISTRY_DELETED, registry, host)


async def _tell(session: WriteSession, caller: Caller, event: EventType, registry: UUID, host: str) -> None:
    data = {"registry": str(registry), "host": host}
    await outbox.record(session, event, actor=actor(caller), data=data, subject=f"registries/{registry}")


def _read(row: Registry, holders: list[str]) -> RegistryRead:
    return RegistryRead(
        id=row.id, host=row.host, username=row.username, image_pull=row.image_pull, clusters=holders,
        created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip
