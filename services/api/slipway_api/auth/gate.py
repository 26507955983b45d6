"""The gate: a bearer token becomes a caller, or the request is refused. Only routes marked `public` need none.

Who it is, is asked of the database at each request, in one round trip: a token that was removed, a sign-in that has ended,
a user who is gone or no admin any more are known to every replica at once.
"""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from slipway.database.engine import Scope
from slipway.database.queries import outbox, personal_tokens, sign_ins
from slipway.domain.events import Actor, EventType
from slipway_api.auth import opaque
from slipway_api.auth.tokens import InvalidToken
from slipway_api.deps import Deps
from slipway_api.problems import ApiError

WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
NOT_VALID = "the token is not valid, or has expired: sign in again"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The user who asks."""

    id: UUID
    email: str
    is_admin: bool
    sign_in: UUID | None = None
    """Of an access token."""
    token: UUID | None = None
    """The personal token that was sent."""
    read_only: bool = False
    address: str | None = None
    """Where the request came from, as the server saw it."""
    via: str = "api"
    """By what they ask: `api`, or `assistant` or `mcp` in their name."""

    @property
    def scope(self) -> Scope:
        return Scope(user_id=self.id, is_admin=self.is_admin)


def actor(caller: Caller) -> Actor:
    """Return who asks, as the audit trail keeps it."""
    return Actor(kind="user", id=str(caller.id), via=caller.via, address=caller.address)


class Gate(AbstractAuthenticationMiddleware):
    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        deps: Deps = connection.app.state.deps
        caller = await identify(deps, connection.headers.get("Authorization", ""))
        caller = msgspec.structs.replace(caller, address=connection.client.host if connection.client else None)
        method = connection.scope.get("method", "")
        if method in WRITES:
            wait = deps.write_limit.wait_sec(str(caller.id))
            if wait:
                raise ApiError("too_many", "slow down a little", retry_after=max(1, round(wait)))
            if caller.read_only:
                await _refuse_writing(deps, caller, method, connection.url.path)
        return AuthenticationResult(user=caller, auth=None)


async def identify(deps: Deps, header: str) -> Caller:
    """Return the caller of an Authorization header; 401 when there is none."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ApiError("unauthenticated", "send Authorization: Bearer <token>; POST /api/v1/auth/login gives one")
    if token.startswith(opaque.PERSONAL):
        return await _of_personal_token(deps, token)
    try:
        claims = deps.tokens.read(token)
    except InvalidToken:
        raise ApiError("unauthenticated", NOT_VALID) from None
    known = await sign_ins.identify(deps.database, claims.user, claims.sign_in)
    if known is None:
        raise ApiError("unauthenticated", "the user of this token is gone, or has signed out")
    return Caller(id=known.id, email=known.email, is_admin=known.is_admin, sign_in=claims.sign_in)


async def _of_personal_token(deps: Deps, token: str) -> Caller:
    scope = Scope(credential=opaque.hashed(token[: opaque.LONGEST]))
    bearer = await personal_tokens.identify(deps.database, scope.credential)
    if bearer is None:
        raise ApiError("unauthenticated", NOT_VALID)
    if bearer.unnoted:  # the only write of reading: once in five minutes
        async with deps.database.writing(scope) as session:
            await personal_tokens.note_use(session, bearer.token)
    return Caller(
        id=bearer.id, email=bearer.email, is_admin=bearer.is_admin, token=bearer.token, read_only=bearer.read_only
    )


async def _refuse_writing(deps: Deps, caller: Caller, method: str, path: str) -> None:
    async with deps.database.writing(caller.scope) as session:
        data = {"method": method, "path": path, "code": "forbidden"}
        await outbox.record(session, EventType.REFUSED, actor=actor(caller), data=data, owner=caller.id)
    raise ApiError("forbidden", "this token may only read")


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


def signed_in(request: Request[Any, Any, Any]) -> Caller:
    """Return who asks; 403 for a personal token, which may not change how its user signs in."""
    caller = caller_of(request)
    if caller.token is not None:
        raise ApiError("forbidden", "a personal token may not do this: sign in")
    return caller
