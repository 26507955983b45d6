"""Health of a process without an API of its own: `/health`, `/health/live`, `/health/ready`, `/metrics`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from slipway.clock import Clock, SystemClock
from slipway.lifecycle import Ticker
from slipway.telemetry.metrics import DEPENDENCY_UP

Check = Callable[[], Awaitable[None]]
"""Raises when the dependency is not usable now."""

CHECK_TIMEOUT_SEC = 3.0
LOOK_SEC = 5.0
CONNECTIONS = 16_384
"""At once. The server's own limit is 128, and live feeds and idle clients would keep all others out, probes included."""
BACKLOG = 1024
DRAIN_SEC = 20.0
"""How long requests that are under way may take once the process is to stop."""


class Health:
    """What a process needs, and what the last look found of it.

    A probe waits a second and is answered from that look: a dependency that hangs for longer must not end a process that works.
    """

    def __init__(self, checks: Mapping[str, Check], clock: Clock | None = None) -> None:
        self._checks = checks
        self._clock = clock or SystemClock()
        self._found = dict.fromkeys(checks, "unknown")
        self._looked_at: float | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Look at once and then each few seconds until `stop` is set, whoever asks."""
        await Ticker(self.look, interval=LOOK_SEC, name="health", clock=self._clock).run(stop)

    async def look(self) -> dict[str, str]:
        """Return `ok` or `down` for each dependency, asked now and side by side."""
        found = await asyncio.gather(*(_state(*named) for named in self._checks.items()))
        self._found = dict(zip(self._checks, found, strict=True))
        self._looked_at = self._clock.monotonic()
        return self._found

    def summary(self) -> dict[str, Any]:
        """Return the body of `/health`: `degraded` unless the last look found all well, and how long ago that was."""
        well = all(state == "ok" for state in self._found.values())
        age = None if self._looked_at is None else round(self._clock.monotonic() - self._looked_at, 1)
        return {"status": "ok" if well else "degraded", "dependencies": self._found, "age_sec": age}


async def _state(name: str, check: Check) -> str:
    try:
        await asyncio.wait_for(check(), CHECK_TIMEOUT_SEC)
    except Exception:  # noqa: BLE001 - whatever it is, the dependency is not usable
        DEPENDENCY_UP.labels(name).set(0)
        return "down"
    DEPENDENCY_UP.labels(name).set(1)
    return "ok"


def asgi(health: Health) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """Return the ASGI application. `/health` is 200 as long as the process works, and waits for nobody."""

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - ASGI's signature
        if scope["type"] != "http":
            return
        match scope["path"]:
            case "/health/live":
                await _reply(send, 200, {"status": "ok"})
            case "/health":
                await _reply(send, 200, health.summary())
            case "/health/ready":
                found = await health.look()
                ready = all(state == "ok" for state in found.values())
                body = {"status": "ok" if ready else "unavailable", "dependencies": found}
                await _reply(send, 200 if ready else 503, body)
            case "/metrics":
                await _send(send, 200, CONTENT_TYPE_LATEST, generate_latest())
            case _:
                await _reply(send, 404, {"status": "not found"})

    return app


async def serve(checks: Mapping[str, Check], *, host: str, port: int, stop: asyncio.Event) -> None:
    """Look at what is needed, and tell it, until `stop` is set."""
    health = Health(checks)
    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(health.run(stop))
        await serve_app(asgi(health), host=host, port=port, stop=stop)
        looking.cancel()


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
