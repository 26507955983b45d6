"""Health of a process without an API of its own: `/health`, `/health/live`, `/health/ready`, `/metrics`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from slipway.telemetry.metrics import DEPENDENCY_UP

Check = Callable[[], Awaitable[None]]
"""Raises when the dependency is not usable now."""

CHECK_TIMEOUT_SEC = 3.0
CONNECTIONS = 16_384
"""At once. The server's own limit is 128, and live feeds and idle clients would keep all others out, probes included."""
BACKLOG = 1024
DRAIN_SEC = 20.0
"""How long requests that are under way may take once the process is to stop."""


async def probe(checks: Mapping[str, Check]) -> dict[str, str]:
    """Return `ok` or `down` for each dependency, asked side by side."""

    async def one(name: str, check: Check) -> str:
        try:
            await asyncio.wait_for(check(), CHECK_TIMEOUT_SEC)
        except Exception:  # noqa: BLE001 - whatever it is, the dependency is not usable
            DEPENDENCY_UP.labels(name).set(0)
            return "down"
        DEPENDENCY_UP.labels(name).set(1)
        return "ok"

    return dict(zip(checks, await asyncio.gather(*(one(*named) for named in checks.items())), strict=True))


def summary(dependencies: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of `/health`: `degraded` while a dependency is down, although the process itself works."""
    well = all(state == "ok" for state in dependencies.values())
    return {"status": "ok" if well else "degraded", "dependencies": dependencies}


def asgi(checks: Mapping[str, Check]) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """Return the ASGI application over the checks. `/health` is 200 as long as the process works."""

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - ASGI's signature
        if scope["type"] != "http":
            return
        match scope["path"]:
            case "/health/live":
                await _reply(send, 200, {"status": "ok"})
            case "/health":
                await _reply(send, 200, summary(await probe(checks)))
            case "/health/ready":
                found = await probe(checks)
                ready = all(state == "ok" for state in found.values())
                body = {"status": "ok" if ready else "unavailable", "dependencies": found}
                await _reply(send, 200 if ready else 503, body)
            case "/metrics":
                await _send(send, 200, CONTENT_TYPE_LATEST, generate_latest())
            case _:
                await _reply(send, 404, {"status": "not found"})

    return app


async def serve(checks: Mapping[str, Check], *, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until `stop` is set."""
    await serve_app(asgi(checks), host=host, port=port, stop=stop)


async def serve_app(app: Any, *, host: str, port: int, stop: asyncio.Event, drain_sec: float = DRAIN_SEC) -> None:
    """Serve an ASGI application in this process and loop until `stop` is set; then requests under way end, or are cut."""
    server = Server(
        app, address=host, port=port, interface=Interfaces.ASGI, log_enabled=False, backlog=BACKLOG, backpressure=CONNECTIONS
    )  # fmt: skip
    serving = asyncio.create_task(server.serve())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not serving.done():
        server.stop()
    await asyncio.wait({serving}, timeout=drain_sec)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def _reply(send: Any, status: int, body: object) -> None:
    await _send(send, status, "application/json", msgspec.json.encode(body))


async def _send(send: Any, status: int, content_type: str, body: bytes) -> None:
    headers = [(b"content-type", content_type.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
