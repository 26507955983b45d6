"""Sign-in."""

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from slipway.database.queries import users
from slipway_api.auth import passwords
from slipway_api.deps import Deps
from slipway_api.problems import ApiError
from slipway_api.schemas.users import AccessToken, Login


@post("/auth/login", status_code=200, opt={"public": True}, tags=["auth"])
async def login(data: JSONBody[Login], request: Request[Any, Any, Any], deps: NamedDependency[Deps]) -> AccessToken:
    """Exchange e-mail address and password for a bearer token."""
    address = request.client.host if request.client else ""
    wait = max(deps.login_limit.wait_sec(data.email.strip().lower()[:320]), deps.address_limit.wait_sec(address))
    if wait:
        raise ApiError("too_many", "too many attempts: wait before the next", retry_after=max(1, round(wait)))
    if len(data.password) > passwords.LONGEST:
        raise ApiError("unauthenticated", "the e-mail address or the password is wrong")
    async with deps.database.reading() as session:
        user = await users.by_email(session, data.email.strip())
    right = await passwords.verify(data.password, user.password_hash if user else None)
    if user is None or not right:
        raise ApiError("unauthenticated", "the e-mail address or the password is wrong")
    return AccessToken(access_token=deps.tokens.issue(user.id), expires_in=deps.tokens.minutes * 60)


HANDLERS = [login]
