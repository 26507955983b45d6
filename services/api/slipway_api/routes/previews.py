"""Previews: what a change would do."""

from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from slipway_api.auth.gate import caller_of
from slipway_api.deps import Deps
from slipway_api.operations import previews, reading
from slipway_api.operations.reading import found_by
from slipway_api.schemas.previews import PreviewChange, PreviewCreate, PreviewRead

Req = Request[Any, Any, Any]


@post("/deployments/preview", tags=["deployments"], status_code=200)
async def preview_deployment(data: JSONBody[PreviewCreate], request: Req, deps: NamedDependency[Deps]) -> PreviewRead:
    """Show what a deployment would be made of, before it is asked for."""
    caller = caller_of(request)
    async with deps.database.reading(caller.scope) as session:
        asked = await previews.of_new(session, deps, caller, data)
    found = await previews.shown(deps, caller, asked)  # asks another service: outside of any transaction
    async with deps.database.writing(caller.scope) as session:
        return await previews.keep(session, caller, asked, found)


@post("/deployments/{deployment_id:uuid}/preview", tags=["deployments"], status_code=200)
async def preview_change(
    deployment_id: FromPath[UUID], data: JSONBody[PreviewChange], request: Req, deps: NamedDependency[Deps]
) -> PreviewRead:
    """Show what a change would do: to the values, and to the objects, as the API server judges them."""
    caller = caller_of(request)
    async with deps.database.reading(caller.scope) as session:
        deployment = await found_by(session, deployment_id)
        asked = await previews.of_change(session, deps, deployment, data)
    await reading.audited(deps, caller, deployment, "preview")
    found = await previews.shown(deps, caller, asked)
    async with deps.database.writing(caller.scope) as session:
        return await previews.keep(session, caller, asked, found)


HANDLERS = [preview_deployment, preview_change]
