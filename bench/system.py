"""Slipway without a cluster: durable PostgreSQL, NATS, and the real services; the executor's cluster and Helm are in memory."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import msgspec

from bench.servers import ROOT, folder, new_database, postgres
from slipway.database import logins
from slipway.dev.nats import OPERATOR, Nats, start_nats, stop_nats
from slipway.dev.ports import free_port
from slipway.dev.postgres import Postgres
from slipway.dev.process import Server, spawn, stop
from slipway.dev.readiness import wait_healthy
from slipway.messaging.permissions import executor_user

MODULES = {"api": "slipway_api", "scheduler": "slipway_scheduler", "executor": "bench.programs.idle_executor"}
SLOTS = 50
ROOM = {
    "SLIPWAY_DEPLOYMENTS_PER_USER": "1000000",
    "SLIPWAY_CPU_MILLI_PER_USER": "1000000000",
    "SLIPWAY_MEMORY_MIB_PER_USER": "1000000000",
}
"""Quotas that a benchmark does not come up against."""
PASSWORD = "bench"  # noqa: S105 - of logins on a server that lives for the benchmark


class System(msgspec.Struct, frozen=True, kw_only=True):
    """What runs. `services` are those that were asked for."""

    state: Path
    postgres: Postgres
    dsn: str
    """The superuser's."""
    api_url: str
    nats: Nats | None
    services: dict[str, Server]

    async def new_database(self, name: str) -> str:
        """Make another database on the same server; return its DSN."""
        return await new_database(self.postgres, name)

    async def start_anew(self, name: str) -> None:
        """Stop a service and start it again at its address."""
        await _stop(self.state, self.services, name)
        port = int(self.services[name].address.rpartition(":")[2])
        self.services[name] = await _start(self.state, name, self.dsn, self.nats, port)


@asynccontextmanager
async def system(wanted: Collection[str]) -> AsyncGenerator[System]:
    """Start PostgreSQL, NATS when anything beside the API is wanted, and the services; stop them at the end."""
    async with AsyncExitStack() as ending:
        state = await ending.enter_async_context(folder())
        server = await ending.enter_async_context(postgres(state))
        dsn = await new_database(server, "slipway", migrated=True)
        connection = await asyncpg.connect(dsn)
        for service in logins.SERVICES:
            await logins.ensure(connection, service, PASSWORD)
        await connection.close()
        nats = await start_nats(state) if set(wanted) != {"api"} else None
        if nats:
            ending.push_async_callback(stop_nats, state, nats)
        services: dict[str, Server] = {}
        for name in sorted(wanted, key=lambda each: each != "scheduler"):  # it makes the streams
            services[name] = await _start(state, name, dsn, nats, free_port())
            ending.push_async_callback(_stop, state, services, name)
        address = services["api"].address if "api" in services else ""
        yield System(
            state=state, postgres=server, dsn=dsn, api_url=f"http://{address}/api/v1", nats=nats, services=services
        )


async def _start(state: Path, name: str, dsn: str, nats: Nats | None, port: int) -> Server:
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
    told = {"SLIPWAY_HTTP_PORT": str(port), **_settings(state, name, dsn, nats)}
    argv = [sys.executable, "-m", MODULES[name]]
    server = spawn(state, name, argv, env={**kept, "PYTHONPATH": str(ROOT), **told}, address=f"127.0.0.1:{port}")
    await wait_healthy(server, port, without=() if nats else ("nats",))
    return server


async def _stop(state: Path, services: Mapping[str, Server], name: str) -> None:
    await stop(state, services[name])


def _settings(state: Path, name: str, dsn: str, nats: Nats | None) -> dict[str, str]:
    user = executor_user("local") if name == "executor" else name
    common = {"NATS_URL": nats.url_of(user), "NATS_CA": str(nats.ca)} if nats else {}
    if name == "executor":
        return {**common, "SLIPWAY_SLOTS": str(SLOTS), "SLIPWAY_CACHE_DIR": str(state / "cache")}
    parts = urlsplit(dsn)
    place = parts.netloc.rpartition("@")[2]
    own = parts._replace(netloc=f"{logins.login_of(name)}:{PASSWORD}@{place}").geturl()
    more = {"JWT_SECRET_KEY": "k" * 40, "SLIPWAY_WRITES_PER_SECOND": "1000000"} if name == "api" else {}
    return {**common, **ROOM, **more, "DATABASE_URL": own}


def operator_url(running: System) -> str:
    """Return the address of a NATS user who may do everything."""
    assert running.nats is not None  # noqa: S101 - asked of a system with NATS only
    return running.nats.url_of(OPERATOR)


async def until(seconds: float, question: str, connection: asyncpg.Connection, *values: object, pause: float) -> None:
    """Ask the database until it answers true; RuntimeError after so many seconds."""
    async with asyncio.timeout(seconds):
        asked = await connection.prepare(question)
        while not await asked.fetchval(*values):
            await asyncio.sleep(pause)
