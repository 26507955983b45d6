"""The whole system on the embedded control plane, once for all end-to-end tests; two executors."""

import shutil
from collections.abc import AsyncIterator

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev import env, samples
from slipway.dev.stack import ADMIN_EMAIL, Plan, Stack, start
from tests.e2e.watching import Watcher
from tests.support import servers

ROOM = {
    "SLIPWAY_DEPLOYMENTS_PER_USER": "500", "SLIPWAY_CPU_MILLI_PER_USER": "60000",
    "SLIPWAY_MEMORY_MIB_PER_USER": "200000",
}  # fmt: skip
"""All deployments of these tests are one admin's."""


@pytest.fixture(scope="session")
async def stack() -> AsyncIterator[Stack]:
    state = servers.state_folder()
    running = await start(Plan(state=state, executors=2, schedulers=2, fsync=False, extra=ROOM))
    env.write(running)
    try:
        async with SlipwayClient(running.api_url) as client:
            await client.login(ADMIN_EMAIL, running.admin_password)
            await samples.ensure(running, client)
        yield running
    finally:
        await running.down()
        shutil.rmtree(state, ignore_errors=True)


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
