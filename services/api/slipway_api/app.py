"""The API's composition root."""

import asyncio
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from granian.utils.proxies import wrap_asgi_with_proxy_headers
from litestar import Litestar, Request, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware.base import DefineMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

from slipway import failpoints, loop, telemetry
from slipway.clock import SystemClock
from slipway.database.engine import Database
from slipway.database.stuck import INTERVAL_SEC as STUCK_LOOK_SEC
from slipway.database.stuck import end_stuck
from slipway.domain.charts import Registries
from slipway.health import serve_app
from slipway.lifecycle import Ticker, end, stop_signal
from slipway.messaging import subjects
from slipway.messaging.broker import Broker
from slipway.messaging.jetstream import JetStreamBroker
from slipway.settings import SettingsError, load, warn_of_unknown
from slipway.telemetry import tracing
from slipway.telemetry.pool import tell_pool
from slipway_api.assistant.assistant import Assistant
from slipway_api.assistant.limits import Limits
from slipway_api.assistant.mcp_door import McpDoor, McpServer
from slipway_api.assistant.model import Model
from slipway_api.auth.gate import Gate
from slipway_api.auth.limits import Limiter
from slipway_api.auth.tokens import Tokens
from slipway_api.console_files import PACKAGED, read_console
from slipway_api.deps import Deps
from slipway_api.draining import drained
from slipway_api.live import LiveFeed
from slipway_api.live_progress import LiveProgress
from slipway_api.observing import Asgi, observed
from slipway_api.problems import HANDLERS, UNSTORABLE, invalid, not_found
from slipway_api.routes import PREFIX, api_router, console, health, mcp
from slipway_api.settings import ApiSettings
from slipway_api.turns import AT_ONCE, OF_ONE, STREAMS_OF_ONE, Turns

BODY_LIMIT = 1024 * 1024
LOGIN_BURST = 10
LOGINS_PER_SECOND = 0.2
ADDRESS_BURST = 100
LOGINS_PER_SECOND_AND_ADDRESS = 5.0


class Application(Litestar):
    """Litestar for msgspec alone: by itself it loads its plugins for pydantic (8 MiB) wherever that is installed."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_app(deps: Deps) -> Litestar:
    """Return the application over what it works with."""
    return Application(
        route_handlers=[api_router(), *health.HANDLERS, *mcp.HANDLERS, openapi_document, *console.HANDLERS],
        dependencies={"deps": Provide(lambda: deps, sync_to_thread=False)},
        middleware=[DefineMiddleware(Gate, exclude_from_auth_key="public", exclude=[f"^{PREFIX}/openapi"])],
        exception_handlers=HANDLERS,
        before_request=_before,
        request_max_body_size=BODY_LIMIT,
        openapi_config=_openapi(),
        state=State({"deps": deps}),
        logging_config=None,  # logs are set up once for the process, with one form for all lines
        debug=False,
    )


def served(settings: ApiSettings, deps: Deps) -> Asgi:
    """Return the application as a process serves it: observed, and told by trusted proxies who asks."""
    return wrap_asgi_with_proxy_headers(observed(drained(create_app(deps))), list(settings.trusted_proxies))


async def _before(request: Request[Any, Any, Any]) -> None:  # a coroutine: what is none is run in a thread each time
    """Refuse an address that no database can look for; let span and log lines say which deployment a request is about."""
    if "\0" in request.scope["path"]:
        raise not_found("address")
    if wrong := [name for name, value in request.query_params.multi_items() if "\0" in f"{name}{value}"]:
        raise invalid(f"/{wrong[0]}", UNSTORABLE)
    if deployment := request.path_params.get("deployment_id"):
        tracing.note(deployment=deployment)


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
        clock=clock,
        broker=broker,
        health=health.health_of(database, broker),
        tokens=Tokens(
            key=settings.jwt_secret_key, previous_key=settings.jwt_previous_key, minutes=settings.token_minutes
        ),
        registries=Registries.parse(settings.registries),
        live=LiveFeed(database, broker, clock),
        write_limit=Limiter(clock, per_second=settings.writes_per_second, burst=settings.writes_per_second),
        login_limit=Limiter(clock, per_second=LOGINS_PER_SECOND, burst=LOGIN_BURST),
        address_limit=Limiter(clock, per_second=LOGINS_PER_SECOND_AND_ADDRESS, burst=ADDRESS_BURST),
        oidc=settings.oidc,
        sign_in_days=settings.sign_in_days,
        frontend_url=settings.frontend_url.rstrip("/"),
        domains=settings.domains,
        quota=settings.quota,
        public_scheme=settings.public_scheme,
        turns=Turns(of_one=OF_ONE, most=AT_ONCE),
        streams=Turns(of_one=STREAMS_OF_ONE),
        assistant=_assistant(settings),
        mcp=McpDoor(_load_mcp),
        wake=wake,
        console=read_console(Path(settings.console_dir or PACKAGED)),
    )


def _assistant(settings: ApiSettings) -> Assistant:
    """Return the assistant. Its model's client is loaded for the first message: 20 MiB that many processes never need."""

    def load() -> Model:
        from slipway_api.assistant.openai_model import OpenAIModel  # noqa: PLC0415 - see above

        return OpenAIModel(
            model=settings.assistant_model,
            base_url=settings.assistant_base_url,
            api_key=settings.assistant_api_key,
            timeout_sec=settings.assistant_seconds,
        )

    async def connect() -> Model:
        return await asyncio.to_thread(load)

    limits = Limits(
        steps=settings.assistant_steps,
        seconds=settings.assistant_seconds,
        history_tokens=settings.assistant_history_tokens,
        answer_tokens=settings.assistant_answer_tokens,
    )
    return Assistant(connect if settings.assistant_model else None, limits)


async def _load_mcp(deps: Deps) -> McpServer:
    """Return the MCP server, loaded for its first client: 25 MiB that many processes never need."""

    def load() -> Callable[[Deps], McpServer]:
        from slipway_api.assistant.mcp_server import McpServer as Loaded  # noqa: PLC0415 - see above

        return Loaded

    return (await asyncio.to_thread(load))(deps)


def main() -> None:
    """Run one API process until a signal stops it."""
    telemetry.start("api", os.environ)
    try:
        warn_of_unknown(ApiSettings, os.environ)
        settings = load(ApiSettings, os.environ)
    except SettingsError as error:
        sys.exit(f"slipway-api: {error}")
    failpoints.arm(settings.failpoints)
    loop.run(_serve(settings))


async def _serve(settings: ApiSettings) -> None:
    database = Database.connect(
        settings.database_url, service="api", pool_size=settings.database_connections, max_overflow=0
    )
    broker = JetStreamBroker(settings.nats_url, name="slipway-api", ca=settings.nats_ca) if settings.nats_url else None
    deps = make_deps(settings, database, broker)
    stop = stop_signal()
    tell_pool(database)
    beside = asyncio.gather(
        deps.health.run(stop),
        deps.live.run(stop),
        LiveProgress(deps.broker, deps.live).run(stop),
        _end_feeds(deps.live, stop),
        Ticker(partial(end_stuck, database), interval=STUCK_LOOK_SEC, name="stuck sessions").run(stop),
    )
    try:
        await serve_app(served(settings, deps), host=settings.http_host, port=settings.http_port, stop=stop)
    finally:
        await end(beside)
        await deps.assistant.close()
        await deps.mcp.close()
        if broker:
            await broker.close()
        await database.close()
        tracing.close()


async def _end_feeds(live: LiveFeed, stop: asyncio.Event) -> None:
    await stop.wait()
    live.end()
