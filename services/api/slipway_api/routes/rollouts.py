"""Rollouts: upgrading all deployments of a product, in waves. For admins."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from slipway.database.engine import ReadSession
from slipway.database.models import Rollout
from slipway.database.queries import products, rollouts
from slipway_api.accepting import Answer, Idempotent, accepting, respond
from slipway_api.auth.gate import admin_of, caller_of
from slipway_api.deps import Deps
from slipway_api.operations import rollouts as operations
from slipway_api.problems import not_found
from slipway_api.schemas.common import Empty, Page, cursor_of, limit_of, page_of
from slipway_api.schemas.platform import RolloutCreate, RolloutRead, read_rollout

Req = Request[Any, Any, Any]


@post("/products/{product_id:uuid}/rollouts", tags=["products"])
async def begin_rollout(
    product_id: FromPath[UUID], data: JSONBody[RolloutCreate], request: Req, deps: NamedDependency[Deps]
) -> Response[RolloutRead]:
    """Upgrade all deployments of a product, `batch_size` at a time; it stops when more than `max_failures` failed."""
    caller = caller_of(request)
    idempotent = Idempotent(request, caller, data)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        if earlier := await idempotent.earlier(session):
            return earlier
        product = await products.get(session, product_id)
        if product is None:
            raise not_found("product")
        begun = await operations.begin(session, caller, product, data)
        answer = Answer(body=await _read(session, begun), status=201, location=f"/api/v1/rollouts/{begun}")
        response = await idempotent.keep(session, answer)
    await deps.wake()
    return response


@get("/products/{product_id:uuid}/rollouts", tags=["products"])
async def list_rollouts(
    product_id: FromPath[UUID],
    request: Req,
    deps: NamedDependency[Deps],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> Page[RolloutRead]:
    """List a product's rollouts, newest first."""
    caller = admin_of(request)
    async with deps.database.reading(caller.scope) as session:
        if await products.get(session, product_id) is None:
            raise not_found("product")
        rows = await rollouts.page(session, product=product_id, cursor=cursor_of(cursor), limit=limit_of(limit))
        progress = {row.id: await rollouts.progress(session, row.id) for row in rows}
    return page_of(rows, limit, lambda row: read_rollout(row, progress[row.id]))


@get("/rollouts/{rollout_id:uuid}", tags=["products"])
async def get_rollout(rollout_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> RolloutRead:
    """Return one rollout with how each deployment stands."""
    caller = admin_of(request)
    async with deps.database.reading(caller.scope) as session:
        return await _read(session, rollout_id)


@post("/rollouts/{rollout_id:uuid}/stop", tags=["products"], status_code=200)
async def stop_rollout(
    rollout_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps], data: JSONBody[Empty | None] = None
) -> Response[RolloutRead]:
    """Begin no further wave."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        await operations.stop(session, caller, await _found(session, rollout_id))
        return respond(Answer(body=await _read(session, rollout_id), status=200))


async def _found(session: ReadSession, rollout: UUID) -> Rollout:
    found = await rollouts.get(session, rollout)
    if found is None:
        raise not_found("rollout")
    return found


async def _read(session: ReadSession, rollout: UUID) -> RolloutRead:
    found = await _found(session, rollout)
    return read_rollout(found, await rollouts.progress(session, rollout), list(await rollouts.items(session, rollout)))


HANDLERS = [begin_rollout, list_rollouts, get_rollout, stop_rollout]
