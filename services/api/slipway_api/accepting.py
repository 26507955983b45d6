"""One accepted or refused request is one transaction; a refusal that auditors care about is recorded in one of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from litestar import Request, Response

from slipway.database.engine import Statements, WriteSession
from slipway.database.hot import Hot
from slipway.database.queries import idempotency, outbox
from slipway.database.queries.idempotency import Kept
from slipway.domain.events import EventType
from slipway.domain.values import canonical
from slipway.failpoints import hit
from slipway_api.auth.gate import Caller, actor
from slipway_api.deps import Deps
from slipway_api.problems import AUDITED, ApiError, invalid

KEY_LIMIT = 255


@asynccontextmanager
async def accepting(deps: Deps, caller: Caller, request: Request[Any, Any, Any]) -> AsyncGenerator[WriteSession]:
    """Open the transaction of a request's change. A refusal that is audited is recorded."""
    async with changing(deps, caller, method=request.method, path=request.url.path) as session:
        yield session


@asynccontextmanager
async def changing(deps: Deps, caller: Caller, *, method: str, path: str) -> AsyncGenerator[WriteSession]:
    """Open the transaction of a change, however it was asked for. A refusal that is audited is recorded."""
    async with _refusals_told(deps, caller, method=method, path=path):
        async with deps.database.writing(caller.scope) as session:
            yield session
            hit("api.before_commit")
        hit("api.committed")


@asynccontextmanager
async def accepting_hot(deps: Deps, caller: Caller, request: Request[Any, Any, Any]) -> AsyncGenerator[Hot]:
    """As `accepting`, for a route that is asked often."""
    async with _refusals_told(deps, caller, method=request.method, path=request.url.path):
        async with deps.database.hot(caller.scope) as asked:
            yield asked
            hit("api.before_commit")
        hit("api.committed")


@asynccontextmanager
async def _refusals_told(deps: Deps, caller: Caller, *, method: str, path: str) -> AsyncGenerator[None]:
    try:
        yield
    except ApiError as error:
        if error.code in AUDITED:
            async with deps.database.writing(caller.scope) as session:
                await tell_refused(session, caller, method=method, path=path, code=error.code)
        raise


async def tell_refused(session: Statements, caller: Caller, *, method: str, path: str, code: str) -> None:
    """Record that a known user's change was refused."""
    data = {"method": method, "path": path, "code": code}
    await outbox.record(session, EventType.REFUSED, actor=actor(caller), data=data, owner=caller.id)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that can be kept under an Idempotency-Key."""

    body: Any
    status: int
    location: str | None = None
    etag: str | None = None


class Idempotent:
    """The Idempotency-Key of a request, if it has one."""

    def __init__(self, request: Request[Any, Any, Any], caller: Caller, body: msgspec.Struct) -> None:
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > KEY_LIMIT:
            raise invalid("/Idempotency-Key", f"has more than {KEY_LIMIT} characters")
        self._key = key
        self._caller = caller
        asked = [request.method, request.url.path, msgspec.to_builtins(body)]
        deps: Deps = request.app.state.deps
        self._hashes = deps.tokens.digests(canonical(asked))

    async def earlier(self, session: Statements) -> Response[Any] | None:
        """Return the answer that this key had before; 409 when it was for something else."""
        if not self._key:
            return None
        kept = await idempotency.find(session, self._caller.id, self._key)
        if kept is None:
            return None
        if kept.request_hash not in self._hashes:
            raise ApiError("idempotency_mismatch", "this Idempotency-Key was used for another request")
        headers = {"Location": kept.location} if kept.location else {}
        return Response(
            kept.body,
            status_code=kept.status_code,
            media_type="application/json",
            headers={**headers, "Idempotency-Replayed": "true"},
        )

    async def keep(self, session: Statements, answer: Answer) -> Response[Any]:
        """Keep the answer with what it answers, and return it as a response."""
        body = msgspec.json.encode(answer.body)
        if self._key:
            kept = Kept(request_hash=self._hashes[0], status_code=answer.status, location=answer.location, body=body)
            await idempotency.keep(session, self._caller.id, self._key, kept)
        return respond(answer, body)


def respond(answer: Answer, body: bytes | None = None) -> Response[Any]:
    """Return the response of an answer."""
    headers: dict[str, str] = {}
    if answer.location:
        headers["Location"] = answer.location
    if answer.etag:
        headers["ETag"] = answer.etag
    content = msgspec.json.encode(answer.body) if body is None else body
    return Response(content, status_code=answer.status, media_type="application/json", headers=headers)


def require_match(request: Request[Any, Any, Any], etag: str) -> None:
    """412 when If-Match names another version than the one that is there."""
    wanted = request.headers.get("If-Match", "")
    if wanted and wanted != "*" and etag not in [part.strip() for part in wanted.split(",")]:
        raise ApiError("stale", f"it is {etag} by now: read it again and repeat the change")
