"""Servers that tests run on: those named by SLIPWAY_TEST_*, else containers where a Docker engine answers, else embedded ones."""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from slipway.dev.nats import OPERATOR, start_nats, stop_nats
from slipway.dev.postgres import start_postgres, stop_postgres
from slipway.dev.process import start_ticks
from slipway.dev.stack import stop_left

POSTGRES_IMAGE = "postgres:18"
NATS_IMAGE = "nats:2.15"
STATEMENTS = "pg_stat_statements"
"""What counts statements; see `support.statements`."""


def docker_answers() -> bool:
    """Tell whether a Docker engine is there: one that was named, or one that listens on the usual socket."""
    if os.environ.get("DOCKER_HOST"):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex("/var/run/docker.sock") == 0


def state_folder() -> Path:
    """Return a fresh folder that a server's own system user can enter; its name tells which process it belongs to."""
    folder = Path(tempfile.mkdtemp(prefix=f"slipway-test-{os.getpid()}-"))
    folder.chmod(0o755)
    return folder


async def clear_left() -> None:
    """End the servers of test runs that were killed, and take their folders away."""
    for folder in Path(tempfile.gettempdir()).glob("slipway-test-*-*"):
        owner = folder.name.split("-")[2]
        if owner.isdecimal() and start_ticks(int(owner)) is None:
            await stop_left(folder)
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def postgres() -> AsyncGenerator[str]:
    """Yield the superuser's DSN of a PostgreSQL (database `postgres`)."""
    if external := os.environ.get("SLIPWAY_TEST_DATABASE_URL"):
        yield external
    elif docker_answers():
        counting = f"postgres -c shared_preload_libraries={STATEMENTS}"
        container = PostgresContainer(POSTGRES_IMAGE, driver=None).with_command(counting)
        await asyncio.to_thread(container.start)
        try:
            yield container.get_connection_url()
        finally:
            await asyncio.to_thread(container.stop)
    else:
        state = state_folder()
        server = await start_postgres(state, fsync=False, preload=STATEMENTS)
        try:
            yield server.dsn()
        finally:
            await stop_postgres(state, server)
            shutil.rmtree(state, ignore_errors=True)


class NatsAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a NATS server is, for a user who may do everything there."""

    url: str
    ca: str = ""


@asynccontextmanager
async def nats() -> AsyncGenerator[NatsAddress]:
    """Yield the address of a NATS server with JetStream."""
    if external := os.environ.get("SLIPWAY_TEST_NATS_URL"):
        yield NatsAddress(url=external, ca=os.environ.get("SLIPWAY_TEST_NATS_CA", ""))
    elif docker_answers():
        container = DockerContainer(NATS_IMAGE).with_command("-js").with_exposed_ports(4222)
        container.waiting_for(LogMessageWaitStrategy("Server is ready"))
        await asyncio.to_thread(container.start)
        try:
            yield NatsAddress(url=f"nats://{container.get_container_host_ip()}:{container.get_exposed_port(4222)}")
        finally:
            await asyncio.to_thread(container.stop)
    else:
        state = state_folder()
        server = await start_nats(state)
        try:
            yield NatsAddress(url=server.url_of(OPERATOR), ca=str(server.ca))
        finally:
            await stop_nats(state, server)
            shutil.rmtree(state, ignore_errors=True)
