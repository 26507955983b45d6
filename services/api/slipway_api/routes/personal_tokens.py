"""Personal tokens of whoever is signed in."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from slipway.database.queries import personal_tokens
from slipway_api.accepting import accepting
from slipway_api.auth.gate import caller_of, signed_in
from slipway_api.deps import Deps
from slipway_api.operations import personal_tokens as operations
from slipway_api.schemas.common import Page, cursor_of, limit_of, page_of
from slipway_api.schemas.sign_ins import PersonalTokenCreate, PersonalTokenCreated, PersonalTokenRead, read_token

Req = Request[Any, Any, Any]


@get("/users/me/tokens", tags=["users"])
async def list_tokens(
    request: Req, deps: NamedDependency[Deps], cursor: FromQuery[str | None] = None, limit: FromQuery[int] = 50
) -> Page[PersonalTokenRead]:
    """List your personal tokens, newest first, without the tokens themselves."""
    caller = caller_of(request)
    async with deps.database.reading(caller.scope) as session:
        rows = await personal_tokens.page(session, caller.id, cursor=cursor_of(cursor), limit=limit_of(limit))
    return page_of(rows, limit, read_token)


@post("/users/me/tokens", tags=["users"])
async def create_token(
    data: JSONBody[PersonalTokenCreate], request: Req, deps: NamedDependency[Deps]
) -> Response[PersonalTokenCreated]:
    """Make a personal token with your rights, or only those to read. It is shown in this answer and never again."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        signed_in(request)
        made = await operations.create(session, caller, data)
    headers = {"Location": f"/api/v1/users/me/tokens/{made.id}", "Cache-Control": "no-store"}
    return Response(made, status_code=201, headers=headers)


@delete("/users/me/tokens/{token_id:uuid}", tags=["users"])
async def delete_token(token_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> None:
    """Remove a personal token of yours: it is refused from now on."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        await operations.delete(session, caller, token_id)


HANDLERS = [list_tokens, create_token, delete_token]
