"""Health and metrics, at the root."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from slipway.health import probe, summary
from slipway.messaging.broker import BrokerUnavailable
from slipway_api.deps import Deps


async def _dependencies(deps: Deps) -> dict[str, str]:
    async def nats() -> None:
        if deps.broker is None or not deps.broker.connected:
            raise BrokerUnavailable

    return await probe({"database": deps.database.ping, "nats": nats})


@get("/health/live", opt={"public": True}, include_in_schema=False)
async def live() -> dict[str, str]:
    """Return 200 while the process works."""
    return {"status": "ok"}


@get("/health", opt={"public": True}, tags=["platform"])
async def health(deps: NamedDependency[Deps]) -> dict[str, Any]:
    """Return 200 while the process works; its dependencies are named in the body."""
    return summary(await _dependencies(deps))


@get("/health/ready", opt={"public": True}, tags=["platform"])
async def ready(deps: NamedDependency[Deps]) -> Response[dict[str, Any]]:
    """Return 503 when the database is down. Without NATS all but the live feed and live queries works."""
    found = await _dependencies(deps)
    able = found["database"] == "ok"
    body = {"status": "ok" if able else "unavailable", "dependencies": found}
    return Response(body, status_code=200 if able else 503)


@get("/metrics", opt={"public": True}, include_in_schema=False)
async def metrics() -> Response[bytes]:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


HANDLERS = [live, health, ready, metrics]
