"""A system of its own for faults, with two schedulers and two executors; after each test it is whole, and judged."""

from collections.abc import AsyncIterator

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Plan, Stack
from tests.faults import invariants
from tests.faults.system import LIMITS, QUICKLY, System, sign_in
from tests.support import servers, systems


@pytest.fixture(scope="package")
async def stack() -> AsyncIterator[Stack]:
    async with systems.running(
        Plan(state=servers.state_folder(), executors=2, schedulers=2, extra={**LIMITS, **QUICKLY})
    ) as found:
        yield found


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
