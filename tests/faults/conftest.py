"""A system of its own for faults, with two schedulers and two executors; after each test it is whole, and judged."""

import shutil
from collections.abc import AsyncIterator

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev import env, samples
from slipway.dev.stack import ADMIN_EMAIL, Plan, Stack, start
from tests.faults import invariants
from tests.faults.system import System, sign_in
from tests.support import servers


@pytest.fixture(scope="package")
async def stack() -> AsyncIterator[Stack]:
    state = servers.state_folder()
    extra = {"SLIPWAY_DEPLOYMENTS_PER_USER": "1000", "SLIPWAY_CPU_MILLI_PER_USER": "1000000",
             "SLIPWAY_MEMORY_MIB_PER_USER": "1000000", "SLIPWAY_WRITES_PER_SECOND": "1000", "SLIPWAY_TOKEN_MINUTES": "600"}  # fmt: skip
    running = await start(Plan(state=state, executors=2, schedulers=2, extra=extra))
    env.write(running)
    try:
        async with SlipwayClient(running.api_url) as client:
            await client.login(ADMIN_EMAIL, running.admin_password)
            await samples.ensure(running, client)
        yield running
    finally:
        await running.down()
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="package")
async def token(stack: Stack) -> str:
    """An admin's, for all tests: signing in is slowed."""
    return await sign_in(stack)


@pytest.fixture
async def system(stack: Stack, token: str) -> AsyncIterator[System]:
    async with SlipwayClient(stack.api_url, token=token) as client:
        found = System(stack, client, token)
        yield found
        await found.heal()
        await invariants.check(stack, token, found.accepted)
