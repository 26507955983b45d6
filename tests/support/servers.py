"""Servers that tests run on: those named by SLIPWAY_TEST_*, else containers where a Docker engine answers, else embedded ones."""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.waiting_utils import wait_for_logs

from slipway.dev.nats import start_nats, stop_nats
from slipway.dev.postgres import start_postgres, stop_postgres

POSTGRES_IMAGE = "postgres:18"
NATS_IMAGE = "nats:2.15"


def docker_answers() -> bool:
    """Tell whether a Docker engine is there: one that was named, or one that listens on the usual socket."""
    if os.environ.get("DOCKER_HOST"):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex("/var/run/docker.sock") == 0


def state_folder() -> Path:
    """Return a fresh folder that a server's own system user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-test-"))
    folder.chmod(0o755)
    return folder


@asynccontextmanager
async def postgres() -> AsyncGenerator[str]:
    """Yield the superuser's DSN of a PostgreSQL (database `postgres`)."""
    if external := os.environ.get("SLIPWAY_TEST_DATABASE_URL"):
        yield external
    elif docker_answers():
        container = PostgresContainer(POSTGRES_IMAGE, driver=None)
        await asyncio.to_thread(container.start)
        try:
            yield container.get_connection_url()
        finally:
            await asyncio.to_thread(container.stop)
    else:
        state = state_folder()
        server = await start_postgres(state, fsync=False)
        try:
            yield server.dsn()
        finally:
            await stop_postgres(state, server)
            shutil.rmtree(state, ignore_errors=True)


@asynccontextmanager
async def nats() -> AsyncGenerator[str]:
    """Yield the URL of a NATS server with JetStream."""
    if external := os.environ.get("SLIPWAY_TEST_NATS_URL"):
        yield external
    elif docker_answers():
        container = DockerContainer(NATS_IMAGE).with_command("-js").with_exposed_ports(4222)
        await asyncio.to_thread(container.start)
        try:
            wait_for_logs(container, "Server is ready")
            yield f"nats://{container.get_container_host_ip()}:{container.get_exposed_port(4222)}"
        finally:
            await asyncio.to_thread(container.stop)
    else:
        state = state_folder()
        server = await start_nats(state)
        try:
            yield server.url
        finally:
            await stop_nats(state, server)
            shutil.rmtree(state, ignore_errors=True)
