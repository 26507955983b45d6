"""An operator's machine: a cluster, a PostgreSQL and a NATS outside of it, and Helm."""

import json
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from slipway.dev.build import ensure_binaries
from slipway.dev.cluster import start_cluster, stop_cluster
from slipway.dev.ports import free_port
from slipway.dev.postgres import start_postgres, stop_postgres
from slipway.dev.process import Server, answers_tcp, spawn, stop, wait_ready
from slipway.dev.stack import link_tools
from tests.deploy.operator import Operator
from tests.support import servers


@pytest.fixture(scope="module")
async def operator() -> AsyncIterator[Operator]:
    state = servers.state_folder()
    binaries = await ensure_binaries()
    link_tools(state, binaries)
    postgres, (nats, nats_url) = await start_postgres(state, fsync=False), await start_nats(state)
    cluster = await start_cluster(state, binaries)
    operator = Operator(state=state, postgres=postgres, nats_url=nats_url, cluster=cluster)
    try:
        await operator.clear_cluster()
        await operator.make_database()
        yield operator
    finally:
        await operator.stop_pods()
        await stop_cluster(state, cluster)
        await stop(state, nats)
        await stop_postgres(state, postgres)
        shutil.rmtree(state, ignore_errors=True)


async def start_nats(state: Path) -> tuple[Server, str]:
    """Start what the README's line asks for: one user for all services, and no authority of its own to be told of."""
    port, config = free_port(), state / "nats.conf"
    config.write_text(
        json.dumps(
            {
                "listen": f"127.0.0.1:{port}", "max_payload": 8 << 20,
                "jetstream": {"store_dir": str(state / "nats"), "max_file_store": 8 << 30, "max_memory_store": 64 << 20},
                "authorization": {"user": "slipway", "password": "nats"},
            }
        )
    )  # fmt: skip
    program = Path(sys.executable).parent / "nats-server"
    server = spawn(state, "nats", [program, "-c", config], address=f"127.0.0.1:{port}")

    async def ready() -> bool:
        return await answers_tcp("127.0.0.1", port)

    await wait_ready(server, ready)
    return server, f"nats://slipway:nats@127.0.0.1:{port}"
