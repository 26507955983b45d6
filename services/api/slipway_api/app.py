"""The API's composition root."""

import asyncio
import os
import sys
from typing import Any

from litestar import Litestar, Request, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware.base import DefineMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from slipway import failpoints, logs
from slipway.clock import SystemClock
from slipway.database.engine import Database
from slipway.domain.charts import Registries
from slipway.health import serve_app
from slipway.lifecycle import stop_signal
from slipway.messaging import subjects
from slipway.messaging.broker import Broker
from slipway.messaging.jetstream import JetStreamBroker
from slipway.settings import SettingsError, load
from slipway_api.auth.gate import Gate
from slipway_api.auth.limits import Limiter
from slipway_api.auth.tokens import SHORTEST_KEY, Tokens
from slipway_api.deps import Deps
from slipway_api.live import LiveFeed
from slipway_api.problems import HANDLERS
from slipway_api.routes import PREFIX, api_router, health
from slipway_api.settings import ApiSettings
from slipway_api.turns import Turns

BODY_LIMIT = 1024 * 1024
LOGIN_BURST = 10
LOGINS_PER_SECOND = 0.2
ADDRESS_BURST = 100
LOGINS_PER_SECOND_AND_ADDRESS = 5.0


def create_app(deps: Deps) -> Litestar:
    """Return the application over what it works with."""
    return Litestar(
        route_handlers=[api_router(), *health.HANDLERS, openapi_document],
        dependencies={"deps": Provide(lambda: deps, sync_to_thread=False)},
        middleware=[DefineMiddleware(Gate, exclude_from_auth_key="public", exclude=[f"^{PREFIX}/openapi"])],
        exception_handlers=HANDLERS,
        request_max_body_size=BODY_LIMIT,
        openapi_config=_openapi(),
        state=State({"deps": deps}),
        debug=False,
    )


@get(f"{PREFIX}/openapi.json", opt={"public": True}, include_in_schema=False)
async def openapi_document(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    return request.app.openapi_schema.to_schema()


def _openapi() -> OpenAPIConfig:
    scheme = SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
    return OpenAPIConfig(
        title="Slipway",
        version="1.0.0",
        description="Self-service deployments on Kubernetes. Errors are problem details (RFC 9457).",
        path=f"{PREFIX}/openapi",
        render_plugins=[JsonRenderPlugin(path="/json")],
        components=Components(security_schemes={"bearer": scheme}),
        security=[{"bearer": []}],
        create_examples=True,
        use_handler_docstrings=True,
    )


def make_deps(settings: ApiSettings, database: Database, broker: Broker | None) -> Deps:
    """Return what the application works with."""
    clock = SystemClock()

    async def wake() -> None:
        if broker is not None:
            await broker.send(subjects.WAKE, b"")

    return Deps(
        database=database,
        broker=broker,
        tokens=Tokens(
            key=settings.jwt_secret_key, previous_key=settings.jwt_previous_key, minutes=settings.token_minutes
        ),
        registries=Registries.parse(settings.registries),
        live=LiveFeed(database, broker, clock),
        write_limit=Limiter(clock, per_second=settings.writes_per_second, burst=settings.writes_per_second),
        login_limit=Limiter(clock, per_second=LOGINS_PER_SECOND, burst=LOGIN_BURST),
        address_limit=Limiter(clock, per_second=LOGINS_PER_SECOND_AND_ADDRESS, burst=ADDRESS_BURST),
        reserved_domains=settings.reserved_domains,
        quota=settings.quota,
        public_scheme=settings.public_scheme,
        turns=Turns(),
        wake=wake,
    )


def main() -> None:
    """Run one API process until a signal stops it."""
    logs.configure("api")
    try:
        settings = load(ApiSettings, os.environ)
        if len(settings.jwt_secret_key) < SHORTEST_KEY:
            raise SettingsError(f"JWT_SECRET_KEY has fewer than {SHORTEST_KEY} characters")
        failpoints.arm(settings.failpoints)
    except (SettingsError, ValueError) as error:
        sys.exit(f"slipway-api: {error}")
    asyncio.run(_serve(settings))


async def _serve(settings: ApiSettings) -> None:
    database = Database.connect(settings.database_url, service="api")
    broker = JetStreamBroker(settings.nats_url, name="slipway-api") if settings.nats_url else None
    deps = make_deps(settings, database, broker)
    stop = stop_signal()
    live = asyncio.create_task(deps.live.run(stop))
    try:
        await serve_app(create_app(deps), host=settings.http_host, port=settings.http_port, stop=stop)
    finally:
        live.cancel()
        await asyncio.gather(live, return_exceptions=True)
        if broker:
            await broker.close()
        await database.close()
