"""Signing in and out. The refresh token travels in the body, or for browsers in a cookie that no script can read."""

from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody
from msgspec import UNSET

from slipway.database.queries import users
from slipway_api.accepting import accepting
from slipway_api.auth import opaque, passwords
from slipway_api.auth.gate import signed_in
from slipway_api.deps import Deps
from slipway_api.operations import sign_ins
from slipway_api.operations.sign_ins import Granted
from slipway_api.problems import ApiError
from slipway_api.schemas.common import Empty
from slipway_api.schemas.sign_ins import AccessToken, Exchange, Login, PasswordChange, Refresh, SignInMethods

Req = Request[Any, Any, Any]

COOKIE = "slipway_refresh"
COOKIE_PATH = "/api/v1/auth"
BROWSER, EXCHANGE = "slipway_browser", "/api/v1/auth/exchange"
"""The cookie that a bound code needs, and the only address that it is sent to."""
WRONG = "the e-mail address or the password is wrong"


def _says_json(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """415 for what another site's form could send: it would sign a browser in as somebody whom its user does not know."""
    if connection.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError("unsupported_media_type", "send Content-Type: application/json")


@get("/auth/methods", opt={"public": True}, tags=["auth"])
async def methods(deps: NamedDependency[Deps]) -> SignInMethods:
    """Return how one can sign in here, for the page that asks."""
    return SignInMethods(single_sign_on=urlsplit(deps.oidc.issuer).hostname if deps.oidc else None)


@post("/auth/login", status_code=200, opt={"public": True}, guards=[_says_json], tags=["auth"])
async def login(data: JSONBody[Login], request: Req, deps: NamedDependency[Deps]) -> Response[AccessToken]:
    """Exchange e-mail address and password for a bearer token, and a refresh token in the body or as a cookie."""
    _slow_down(deps, request, data.email.strip().lower()[:320])
    if len(data.password) > passwords.LONGEST:
        raise ApiError("unauthenticated", WRONG)
    async with deps.database.reading() as session:
        user = await users.by_email(session, data.email.strip())
    right = await passwords.verify(data.password, user.password_hash if user else None)
    if user is None or not right:
        raise ApiError("unauthenticated", WRONG)
    async with deps.database.writing() as session:
        granted = await sign_ins.begin(session, deps, user.id, via="password", address=_address(request))
    return _answer(deps, request, granted, cookie=data.cookie)


@post("/auth/exchange", status_code=200, opt={"public": True}, guards=[_says_json], tags=["auth"])
async def exchange(data: JSONBody[Exchange], request: Req, deps: NamedDependency[Deps]) -> Response[AccessToken]:
    """Exchange a one-time code, as `POST /auth/login` does a password: of a link, or of the browser's own single sign-on."""
    _slow_down(deps, request)
    browser = request.cookies.get(BROWSER, "")[: opaque.LONGEST]
    granted = await sign_ins.exchange(deps, data.code[: opaque.LONGEST], browser=browser, address=_address(request))
    return _answer(deps, request, granted, cookie=data.cookie)


@post("/auth/refresh", status_code=200, opt={"public": True}, tags=["auth"])
async def refresh(
    request: Req, deps: NamedDependency[Deps], data: JSONBody[Refresh | None] = None
) -> Response[AccessToken]:
    """Exchange a refresh token for the next pair. It is spent by it: one that comes again ends the sign-in."""
    _slow_down(deps, request, door="refresh")
    given = data.refresh_token if data else None
    token = given or request.cookies.get(COOKIE, "")
    if not token:
        raise ApiError("unauthenticated", "send refresh_token, or the cookie of a sign-in")
    granted = await sign_ins.refresh(deps, token[: opaque.LONGEST])
    return _answer(deps, request, granted, cookie=not given)


@post("/auth/logout", status_code=204, tags=["auth"])
async def logout(request: Req, deps: NamedDependency[Deps], data: JSONBody[Empty | None] = None) -> Response[None]:
    """End the sign-in: its access and refresh tokens are refused from now on."""
    caller = signed_in(request)
    async with accepting(deps, caller, request) as session:
        await sign_ins.leave(session, caller)
    gone = Cookie(key=COOKIE, value="", path=COOKIE_PATH, max_age=0, httponly=True, samesite="strict")
    return Response(None, cookies=[gone])


@post("/auth/password", status_code=204, guards=[_says_json], tags=["auth"])
async def change_password(data: JSONBody[PasswordChange], request: Req, deps: NamedDependency[Deps]) -> None:
    """Change your password. Every other sign-in of yours ends; personal tokens stay."""
    caller = signed_in(request)
    _slow_down(deps, request, caller.email.lower())
    await sign_ins.change_password(deps, caller, data.current_password, data.new_password)


def _slow_down(deps: Deps, request: Req, account: str = "", *, door: str = "") -> None:
    """429 for whoever tries too often, by account when there is one and by address.

    Renewing is counted by itself: somebody who tries passwords does not sign out those behind the same address.
    """
    wait = deps.address_limit.wait_sec(f"{_address(request) or ''} {door}".rstrip())
    if account:
        wait = max(wait, deps.login_limit.wait_sec(account))
    if wait:
        raise ApiError("too_many", "too many attempts: wait before the next", retry_after=max(1, round(wait)))


def _address(request: Req) -> str | None:
    return request.client.host if request.client else None


def _answer(deps: Deps, request: Req, granted: Granted, *, cookie: bool) -> Response[AccessToken]:
    body = AccessToken(
        access_token=granted.access,
        expires_in=deps.tokens.minutes * 60,
        refresh_token=UNSET if cookie else granted.refresh,
    )
    kept = Cookie(
        key=COOKIE, value=granted.refresh, path=COOKIE_PATH, max_age=deps.sign_in_days * 86400, httponly=True,
        samesite="strict", secure=request.url.scheme == "https" or deps.frontend_url.startswith("https:"),
    )  # fmt: skip
    return Response(body, headers={"Cache-Control": "no-store"}, cookies=[kept] if cookie else [])


HANDLERS = [methods, login, exchange, refresh, logout, change_password]
