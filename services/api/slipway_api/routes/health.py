"""Health and metrics, at the root."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from slipway.database.engine import Database
from slipway.health import Health
from slipway.messaging.broker import Broker, BrokerUnavailable
from slipway_api.deps import Deps


def health_of(database: Database, broker: Broker | None) -> Health:
    """Return the health of an API that works with these."""

    async def nats() -> None:
        if broker is None or not broker.connected:
            raise BrokerUnavailable

    return Health({"database": database.ping, "nats": nats})


@get("/health/live", opt={"public": True}, include_in_schema=False)
async def live() -> dict[str, str]:
    """Return 200 while the process works."""
    return {"status": "ok"}


@get("/health", opt={"public": True}, tags=["platform"])
async def health(deps: NamedDependency[Deps]) -> dict[str, Any]:
    """Return 200 while the process works; the body names its dependencies as the last look found them, some seconds ago."""
    return deps.health.summary()


@get("/health/ready", opt={"public": True}, tags=["platform"])
async def ready(deps: NamedDependency[Deps]) -> Response[dict[str, Any]]:
    """Return 503 when the database is down. Without NATS all but the live feed and live queries works."""
    found = await deps.health.look()
    able = found["database"] == "ok"
    body = {"status": "ok" if able else "unavailable", "dependencies": found}
    return Response(body, status_code=200 if able else 503)


@get("/metrics", opt={"public": True}, include_in_schema=False)
async def metrics() -> Response[bytes]:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


HANDLERS = [live, health, ready, metrics]
