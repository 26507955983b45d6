"""The gate: a bearer token becomes a caller, or the request is refused. Only routes marked `public` need none."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from slipway.database.engine import Scope
from slipway.database.queries import users
from slipway_api.auth.tokens import InvalidToken
from slipway_api.deps import Deps
from slipway_api.problems import ApiError

WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The user who asks."""

    id: UUID
    email: str
    is_admin: bool
    address: str | None = None
    """Where the request came from, as the server saw it."""

    @property
    def scope(self) -> Scope:
        return Scope(user_id=self.id, is_admin=self.is_admin)


class Gate(AbstractAuthenticationMiddleware):
    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        deps: Deps = connection.app.state.deps
        caller = await identify(deps, connection.headers.get("Authorization", ""))
        if connection.scope.get("method") in WRITES:
            wait = deps.write_limit.wait_sec(str(caller.id))
            if wait:
                raise ApiError("too_many", "slow down a little", retry_after=max(1, round(wait)))
        address = connection.client.host if connection.client else None
        return AuthenticationResult(user=msgspec.structs.replace(caller, address=address), auth=None)


async def identify(deps: Deps, header: str) -> Caller:
    """Return the caller of an Authorization header; 401 when there is none."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ApiError("unauthenticated", "send Authorization: Bearer <token>; POST /api/v1/auth/login gives one")
    try:
        user_id = deps.tokens.user_of(token)
    except InvalidToken:
        raise ApiError("unauthenticated", "the token is not valid, or has expired: sign in again") from None
    async with deps.database.reading() as session:
        user = await users.get(session, user_id)
    if user is None:
        raise ApiError("unauthenticated", "the user of this token is gone")
    return Caller(id=user.id, email=user.email, is_admin=user.is_admin)


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    """Return who asks."""
    caller: Caller = request.user
    return caller


def admin_of(request: Request[Any, Any, Any]) -> Caller:
    """Return who asks; 403 when it is no admin."""
    caller = caller_of(request)
    if not caller.is_admin:
        raise ApiError("forbidden", "only an admin may do this")
    return caller
