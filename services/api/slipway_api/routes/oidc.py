"""Signing in at an OpenID Connect issuer: away to it, back with a code, and on to the console with a one-time code.

What the issuer's answer belongs to is kept in a cookie on the way there, and what the one-time code belongs to on the way
back: whoever is sent somebody else's address, of either way, is not signed in by it.
"""

import secrets
from typing import Any
from urllib.parse import quote

import structlog
from litestar import Request, Response, get
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromQuery

from slipway.database.queries.one_time_codes import LIFETIME_SEC
from slipway_api.auth.oidc import Client, Flow, OidcError, authorization_url, claims_of
from slipway_api.deps import Deps
from slipway_api.operations.oidc import code_for
from slipway_api.problems import ApiError
from slipway_api.routes.auth import BROWSER, EXCHANGE

log = structlog.get_logger()

Req = Request[Any, Any, Any]
COOKIE = "slipway_oidc"
CALLBACK = "/api/v1/auth/oidc/callback"


@get("/auth/oidc/start", opt={"public": True}, tags=["auth"], status_code=302)
async def start(request: Req, deps: NamedDependency[Deps]) -> Response[None]:
    """Send the browser to the issuer that this platform trusts."""
    client, flow = _client(deps), Flow.new()
    _slow_down(deps, request)
    try:
        address = await authorization_url(client, flow, _origin(deps, request) + CALLBACK)
    except OidcError as error:
        log.warning("oidc_failed", reason=str(error))
        raise ApiError("unavailable", str(error), retry_after=10) from None
    secure = _origin(deps, request).startswith("https:")
    signed = flow.signed(deps.tokens.key)
    kept = Cookie(key=COOKIE, value=signed, path=CALLBACK, max_age=600, httponly=True, samesite="lax", secure=secure)
    return _to(address, kept)


@get("/auth/oidc/callback", opt={"public": True}, tags=["auth"], status_code=302)
async def callback(
    request: Req,
    deps: NamedDependency[Deps],
    code: FromQuery[str | None] = None,
) -> Response[None]:
    """Come back from the issuer: on to the console's `/sign-in#code=...`, or to `#error=...` with a sentence."""
    client = _client(deps)
    _slow_down(deps, request)
    console = f"{deps.frontend_url or ''}/sign-in"
    browser = secrets.token_urlsafe(32)
    try:
        flow = Flow.read(request.cookies.get(COOKIE, ""), deps.tokens.key)
        state = request.query_params.get("state", "")
        if not secrets.compare_digest(str(state).encode(), flow.state.encode()):
            raise OidcError("the answer belongs to another sign-in")
        if not code:
            raise OidcError("the issuer did not let you in")
        claims = await claims_of(client, flow, code, _origin(deps, request) + CALLBACK)
        fragment = f"code={await code_for(deps, client, claims, browser=browser)}"
    except OidcError as error:
        log.info("oidc_refused", reason=str(error))
        fragment = f"error={quote(str(error))}"
    gone = Cookie(key=COOKIE, value="", path=CALLBACK, max_age=0)
    secure = _origin(deps, request).startswith("https:")
    kept = Cookie(
        key=BROWSER, value=browser, path=EXCHANGE, max_age=LIFETIME_SEC, httponly=True, samesite="strict", secure=secure
    )
    return _to(f"{console}#{fragment}", gone, kept)


def _client(deps: Deps) -> Client:
    if deps.oidc is None:
        raise ApiError("not_found", "no OpenID Connect issuer is set up: SLIPWAY_OIDC_ISSUER names one")
    return deps.oidc


def _origin(deps: Deps, request: Req) -> str:
    """Return where browsers reach this API: at the console's address."""
    return deps.frontend_url or str(request.base_url).rstrip("/")


def _slow_down(deps: Deps, request: Req) -> None:
    wait = deps.address_limit.wait_sec(request.client.host if request.client else "")
    if wait:
        raise ApiError("too_many", "too many attempts: wait before the next", retry_after=max(1, round(wait)))


def _to(address: str, *cookies: Cookie) -> Response[None]:
    headers = {"Location": address, "Cache-Control": "no-store"}
    return Response(None, status_code=302, headers=headers, cookies=cookies)


HANDLERS = [start, callback]
