"""Around the whole application: a span, metrics and a log line for each request, by the route's template."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from slipway.telemetry import tracing
from slipway.telemetry.tracing import Kind, Span
from slipway_api.metrics import REQUEST_SECONDS, REQUESTS

log = structlog.get_logger()

Asgi = Callable[[Any, Any, Any], Awaitable[None]]

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
GONE = 499
"""Counted for a client that went away before its answer began: no fault of ours."""
UNTRACED = ("/health", "/metrics")
"""Asked every few seconds by machines: counted, without a trace."""


def observed(app: Asgi) -> Asgi:
    """Return the application with its requests observed. A client's own trace is continued."""

    async def around(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        answer = _Answer()

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.begins(message["status"])
            await send(message)

        try:
            if scope["path"].startswith(UNTRACED):
                await app(scope, receive, sending)
                return
            with tracing.span("HTTP", kind=Kind.SERVER, parent=_traceparent(scope)) as span:
                await app(scope, receive, sending)
                _tell(span, scope, answer)
        except asyncio.CancelledError:
            answer.breaks_off()
            raise
        finally:
            method, route = _method(scope), _route(scope)
            REQUESTS.labels(method, route, str(answer.status)).inc()
            REQUEST_SECONDS.labels(method, route).observe(answer.seconds)

    return around


class _Answer:
    """When the answer to a request began, and with which status; 500 for one that never did."""

    def __init__(self) -> None:
        self.status = 500
        self._asked = time.monotonic()
        self._begun: float | None = None

    @property
    def seconds(self) -> float:
        return (self._begun or time.monotonic()) - self._asked

    def begins(self, status: int) -> None:
        self.status, self._begun = status, time.monotonic()

    def breaks_off(self) -> None:
        if self._begun is None:
            self.status = GONE


def _tell(span: Span, scope: Any, answer: _Answer) -> None:
    method, route = _method(scope), _route(scope)
    span.rename(f"{method} {route}")
    span.note_standard({"http.request.method": method, "http.route": route, "http.response.status_code": answer.status})
    if answer.status >= 500:
        span.fail(str(answer.status))
    if method in WRITES or answer.status >= 500:
        millis = round(answer.seconds * 1000, 1)
        log.info("request_answered", method=method, route=route, status=answer.status, ms=millis)


def _method(scope: Any) -> str:
    return scope["method"] if scope["method"] in METHODS else "other"


def _route(scope: Any) -> str:
    """Return the template of the route, one for all paths that have none: labels are few and not of a client's making."""
    return scope.get("path_template") or "unmatched"


def _traceparent(scope: Any) -> str | None:
    found = [value for name, value in scope["headers"] if name.lower() == b"traceparent"]
    return found[0].decode("latin-1") if len(found) == 1 else None
