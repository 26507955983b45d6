"""The whole system on the embedded control plane, once for all end-to-end tests; two executors."""

from collections.abc import AsyncIterator

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev import remembered
from slipway.dev.ports import free_port
from slipway.dev.stack import ADMIN_EMAIL, Plan, Stack
from tests.e2e.chart_host import ChartHost, chart_host
from tests.e2e.watching import Watcher
from tests.support import servers, systems

ROOM = {
    "SLIPWAY_DEPLOYMENTS_PER_USER": "500", "SLIPWAY_CPU_MILLI_PER_USER": "60000",
    "SLIPWAY_MEMORY_MIB_PER_USER": "200000",
}  # fmt: skip
"""All deployments of these tests are one admin's."""


@pytest.fixture(scope="session")
async def chart_server() -> AsyncIterator[ChartHost]:
    async with chart_host(free_port()) as host:
        yield host


@pytest.fixture
async def host(chart_server: ChartHost) -> AsyncIterator[ChartHost]:
    """A registry of our own that the platform knows; it behaves again after each test."""
    yield chart_server
    chart_server.behave()


@pytest.fixture(scope="session")
async def stack(chart_server: ChartHost) -> AsyncIterator[Stack]:
    state = servers.state_folder()
    registries = (f"127.0.0.1:{remembered.port(state, 'registry')}", chart_server.host)
    allowed = {"SLIPWAY_REGISTRIES": ",".join(f"http://{each}" for each in registries)}
    async with systems.running(
        Plan(state=state, executors=2, schedulers=2, fsync=False, extra={**ROOM, **allowed})
    ) as found:
        yield found


@pytest.fixture(scope="session")
async def token(stack: Stack) -> str:
    """An admin's token: guessing passwords is slowed, so the tests sign in once."""
    async with SlipwayClient(stack.api_url) as client:
        return await client.login(ADMIN_EMAIL, stack.admin_password)


@pytest.fixture
async def client(stack: Stack, token: str) -> AsyncIterator[SlipwayClient]:
    async with SlipwayClient(stack.api_url, token=token) as client:
        yield client


@pytest.fixture
def watcher(stack: Stack, client: SlipwayClient) -> Watcher:
    return Watcher(stack, client)
