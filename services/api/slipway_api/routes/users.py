"""Users."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from slipway.database.queries import users
from slipway_api.accepting import Answer, Idempotent, accepting, require_match, respond
from slipway_api.auth.gate import admin_of, caller_of
from slipway_api.deps import Deps
from slipway_api.operations import users as operations
from slipway_api.problems import not_found
from slipway_api.routes.etags import etag_of
from slipway_api.schemas.common import Page, cursor_of, limit_of, page_of
from slipway_api.schemas.platform import QuotaRead, QuotaUpdate
from slipway_api.schemas.users import UserCreate, UserRead, UserUpdate, read_user

Req = Request[Any, Any, Any]


@get("/users/me", tags=["users"])
async def me(request: Req, deps: NamedDependency[Deps]) -> UserRead:
    """Return who is signed in."""
    caller = caller_of(request)
    async with deps.database.reading(caller.scope) as session:
        user = await users.get(session, caller.id)
    if user is None:
        raise not_found("user")
    return read_user(user)


@get("/users", tags=["users"])
async def list_users(
    request: Req, deps: NamedDependency[Deps], cursor: FromQuery[str | None] = None, limit: FromQuery[int] = 50
) -> Page[UserRead]:
    """List users, newest first. Admins only."""
    caller = admin_of(request)
    async with deps.database.reading(caller.scope) as session:
        rows = await users.page(session, cursor=cursor_of(cursor), limit=limit_of(limit))
    return page_of(rows, limit, read_user)


@post("/users", tags=["users"])
async def create_user(data: JSONBody[UserCreate], request: Req, deps: NamedDependency[Deps]) -> Response[UserRead]:
    """Create a user. Admins only; `is_admin` defaults to false."""
    caller = caller_of(request)
    idempotent = Idempotent(request, caller, data)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        if earlier := await idempotent.earlier(session):
            return earlier
        user = await operations.create(session, caller, await operations.fields_of(data))
        read = read_user(user)
        answer = Answer(body=read, status=201, location=f"/api/v1/users/{user.id}", etag=etag_of(read.updated_at))
        return await idempotent.keep(session, answer)


@get("/users/{user_id:uuid}", tags=["users"])
async def get_user(user_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> Response[UserRead]:
    """Return one user. Admins only."""
    caller = admin_of(request)
    async with deps.database.reading(caller.scope) as session:
        user = await users.get(session, user_id)
    if user is None:
        raise not_found("user")
    return respond(Answer(body=read_user(user), status=200, etag=etag_of(user.updated_at)))


@patch("/users/{user_id:uuid}", tags=["users"])
async def change_user(
    user_id: FromPath[UUID], data: JSONBody[UserUpdate], request: Req, deps: NamedDependency[Deps]
) -> Response[UserRead]:
    """Change a user. Admins only."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        user = await users.lock(session, user_id)
        if user is None:
            raise not_found("user")
        require_match(request, etag_of(user.updated_at))
        await operations.change(session, caller, user, await operations.fields_of(data))
        return respond(Answer(body=read_user(user), status=200, etag=etag_of(user.updated_at)))


@delete("/users/{user_id:uuid}", tags=["users"])
async def delete_user(
    user_id: FromPath[UUID],
    request: Req,
    deps: NamedDependency[Deps],
    cascade: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
) -> None:
    """Delete a user. Admins only; live deployments refuse it unless `cascade=true`."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        user = await users.lock(session, user_id)
        if user is None:
            raise not_found("user")
        await operations.delete(session, caller, user, cascade=cascade)
    await deps.wake()


@get("/users/{user_id:uuid}/quota", tags=["users"])
async def get_quota(user_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> QuotaRead:
    """Return what a user may have, and has. Admins only."""
    caller = admin_of(request)
    async with deps.database.reading(caller.scope) as session:
        if await users.get(session, user_id) is None:
            raise not_found("user")
        return await operations.quota(session, deps, user_id)


@put("/users/{user_id:uuid}/quota", tags=["users"])
async def set_quota(
    user_id: FromPath[UUID], data: JSONBody[QuotaUpdate], request: Req, deps: NamedDependency[Deps]
) -> QuotaRead:
    """Set what a user may have; null returns to the installation's default. Admins only."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        if not await users.hold(session, user_id):
            raise not_found("user")
        await operations.set_quota(session, caller, user_id, data)
        return await operations.quota(session, deps, user_id)


HANDLERS = [me, list_users, create_user, get_user, change_user, delete_user, get_quota, set_quota]
