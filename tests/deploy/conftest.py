"""An operator's machine: a cluster, a PostgreSQL and a NATS outside of it, and Helm."""

import shutil
from collections.abc import AsyncIterator

import pytest

from slipway.dev.build import ensure_binaries
from slipway.dev.cluster import start_cluster, stop_cluster
from slipway.dev.ports import free_port
from slipway.dev.postgres import start_postgres, stop_postgres
from slipway.dev.process import stop
from slipway.dev.stack import link_tools
from tests.deploy.operator import Operator, start_nats
from tests.support import servers


@pytest.fixture(scope="module")
async def operator() -> AsyncIterator[Operator]:
    state = servers.state_folder()
    binaries = await ensure_binaries()
    link_tools(state, binaries)
    postgres, nats = await start_postgres(state, fsync=False), await start_nats(state, free_port())
    cluster = await start_cluster(state, binaries)
    operator = Operator(state=state, postgres=postgres, nats=nats, cluster=cluster)
    try:
        await operator.clear_cluster()
        await operator.make_database()
        yield operator
    finally:
        await operator.stop_pods()
        await stop_cluster(state, cluster)
        await stop(state, operator.nats)
        await stop_postgres(state, postgres)
        shutil.rmtree(state, ignore_errors=True)
