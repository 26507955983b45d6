"""HTTP as the API speaks it: JSON in and out, problem details as one typed error, retries of what may be repeated."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, Self

import httpx
import msgspec

from slipway.identity import new_id

PREFIX = "/api/v1"
LONGEST_PAUSE_SEC = 10.0
PAUSE_SEC = 0.5
IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})
LATER = frozenset({429, 503})
"""Statuses that say: nothing was done, ask again."""
KEY = "Idempotency-Key"
Renew = Callable[[], Awaitable[str]]
"""Returns a new access token in place of one that has ended, or raises Refused."""


class Refused(Exception):
    """The API refused a request; `code` is stable, `errors` name the fields."""

    def __init__(
        self, status: int, code: str, detail: str, errors: list[dict[str, str]], *, retry_after_sec: float | None = None
    ) -> None:
        fields = "; ".join(f"{each['pointer']} {each['message']}" for each in errors)
        super().__init__(": ".join(part for part in (code, detail, fields) if part))
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retry_after_sec = retry_after_sec


class Unreachable(Exception):
    """No answer came: the server is not there, or the connection broke."""


class BadAddress(ValueError):
    """The server's URL is none."""


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign-in gives."""

    access_token: str
    expires_in: int
    """Seconds."""
    refresh_token: str | None = None
    """Gives the next access token, once."""


class SlipwayClient:
    """`async with SlipwayClient(url) as client`. Bodies and answers are JSON values; `slipway.client.Slipway` types them.

    `retries` is how often a call that may be repeated (GET, PUT, DELETE, and a create with its key) is asked again when
    the API says "later", or when no answer came. `renew` is asked for a token when the API refuses the one that it has.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        timeout_sec: float = 30.0,
        retries: int = 0,
        pause_sec: float = PAUSE_SEC,
        renew: Renew | None = None,
    ) -> None:
        try:
            self._http = httpx.AsyncClient(base_url=url, timeout=timeout_sec, trust_env=False)
        except httpx.InvalidURL as error:
            raise BadAddress(str(error)) from None
        if token:
            self.bear(token)
        self.retries = retries
        self._renew = renew
        self.pause_sec = pause_sec
        """Before the first repetition; each further one waits twice as long."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def login(self, email: str, password: str) -> str:
        """Sign in; all further requests bear the token that is returned."""
        return (await self.sign_in(email, password)).access_token

    async def sign_in(self, email: str, password: str) -> SignIn:
        """Sign in and return the tokens; all further requests bear them."""
        return self._signed_in(await self.post("/auth/login", {"email": email, "password": password}))

    async def refresh(self, refresh_token: str) -> SignIn:
        """Exchange a refresh token for the next tokens; it is spent by it."""
        return self._signed_in(await self.post("/auth/refresh", {"refresh_token": refresh_token}))

    async def sign_out(self) -> None:
        """End the sign-in whose token is borne."""
        await self.post("/auth/logout")

    def _signed_in(self, answer: Any) -> SignIn:
        granted = msgspec.convert(answer, SignIn)
        self.bear(granted.access_token)
        return granted

    def bear(self, token: str) -> None:
        """Send this token from now on."""
        self._http.headers["Authorization"] = f"Bearer {token}"

    async def products(self) -> dict[str, Any]:
        return await self.get("/products?limit=200")

    async def get(self, path: str) -> Any:
        return _json(await self.call("GET", path))

    async def post(self, path: str, body: Any = None) -> Any:
        return _json(await self.call("POST", path, {} if body is None else body))

    async def create(self, path: str, body: Any) -> Any:
        """POST with an Idempotency-Key of its own: repeated, it is the same creation."""
        return _json(await self.call("POST", path, body, {KEY: str(new_id())}))

    async def upload(self, path: str, content: bytes, media_type: str) -> Any:
        """POST bytes as they are."""
        return _json(await self.call("POST", path, content, {"Content-Type": media_type}))

    async def patch(self, path: str, body: Any, *, if_match: object = None) -> Any:
        """Change what is given; refused as `stale` (412) when it is another version than `if_match` by now."""
        headers = None if if_match is None else {"If-Match": f'"{if_match}"'}
        return _json(await self.call("PATCH", path, body, headers))

    async def put(self, path: str, body: Any) -> Any:
        return _json(await self.call("PUT", path, body))

    async def delete(self, path: str) -> Any:
        return _json(await self.call("DELETE", path))

    async def text(self, path: str) -> str:
        """Return an answer that is no JSON."""
        return (await self.call("GET", path)).text

    async def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Return the answer, or raise Refused or Unreachable."""
        repeatable = method in IDEMPOTENT or KEY in (headers or {})
        left, renewed = self.retries if repeatable else 0, False
        pause = self.pause_sec
        while True:
            try:
                return await self._once(method, path, body, headers)
            except (Refused, Unreachable) as error:
                if not renewed and _ended(error) and self._renew:
                    self.bear(await self._renew())
                    renewed = True
                    continue
                later = error.retry_after_sec or pause if isinstance(error, Refused) else pause
                if left == 0 or (isinstance(error, Refused) and error.status not in LATER):
                    raise
                left -= 1
                await asyncio.sleep(min(later, LONGEST_PAUSE_SEC))
                pause *= 2

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, *, quiet_sec: float
    ) -> AsyncGenerator[httpx.Response]:
        """Open an answer that goes on; `quiet_sec` without a byte count as broken (Unreachable)."""
        timeout = httpx.Timeout(30.0, read=quiet_sec)
        asked = partial(
            self._http.stream, method, f"{PREFIX}{path}", json=_plain(body), headers=headers, timeout=timeout
        )
        try:
            async with AsyncExitStack() as opened:
                answer = await opened.enter_async_context(asked())
                if answer.status_code == HTTPStatus.UNAUTHORIZED and self._renew:
                    self.bear(await self._renew())
                    answer = await opened.enter_async_context(asked())
                if not answer.is_success:
                    await answer.aread()
                    raise refused(answer)
                yield answer
        except httpx.LocalProtocolError:
            raise _unsendable() from None
        except httpx.TransportError as error:
            raise Unreachable(_why(error)) from error

    async def _once(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None) -> httpx.Response:
        sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": _plain(body)}
        try:
            answer = await self._http.request(method, f"{PREFIX}{path}", headers=headers, **sent)
        except httpx.LocalProtocolError:
            raise _unsendable() from None
        except httpx.TransportError as error:
            raise Unreachable(_why(error)) from error
        if not answer.is_success:
            raise refused(answer)
        return answer


class _Place(msgspec.Struct, frozen=True):
    """One of the fields that a problem names."""

    pointer: str
    message: str


def refused(answer: httpx.Response) -> Refused:
    """Return the error that a problem document tells of, or that something before the API answered with."""
    if answer.has_redirect_location:
        there = answer.headers["Location"]
        return Refused(answer.status_code, "redirected", f"the server is at another address: it names {there}", [])
    try:
        problem = msgspec.json.decode(answer.content, type=dict[str, Any])
    except ValueError:  # no JSON, or not even text
        problem = {}
    wait = answer.headers.get("Retry-After", "")
    return refusal({**problem, "status": answer.status_code}, retry_after_sec=float(wait) if wait.isdigit() else None)


def refusal(problem: Mapping[str, Any], *, retry_after_sec: float | None = None) -> Refused:
    """Return the error of a problem document that was read already; what has not its form is left out."""
    status = problem.get("status")
    status = status if isinstance(status, int) else 500
    try:
        places = msgspec.to_builtins(msgspec.convert(problem.get("errors") or [], list[_Place]))
    except msgspec.ValidationError:
        places = []
    code, detail = str(problem.get("code") or status), str(problem.get("detail") or "")
    return Refused(status, code, detail, places, retry_after_sec=retry_after_sec)


def _ended(error: Refused | Unreachable) -> bool:
    return isinstance(error, Refused) and error.status == HTTPStatus.UNAUTHORIZED


def _plain(body: Any) -> Any:
    """Return a body with ids and times as text."""
    return msgspec.to_builtins(body)


def _json(answer: httpx.Response) -> Any:
    try:
        return msgspec.json.decode(answer.content) if answer.content else None
    except ValueError:  # no JSON, or not even text
        raise Refused(answer.status_code, "no_json", "this is not an answer of Slipway's API", []) from None


def _unsendable() -> Refused:
    """Return the error of a header that HTTP cannot carry. Its own words repeat the header, which may be the token."""
    detail = "it cannot be sent: the token, or another header, has a line break or what else no header can have"
    return Refused(400, "not_sendable", detail, [])


def _why(error: httpx.TransportError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer within the time"
    return str(error) or type(error).__name__
