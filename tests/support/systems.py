"""A whole system on the embedded servers, as `slipway dev up` starts it."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from slipway.client.http import SlipwayClient
from slipway.dev import env, samples
from slipway.dev.stack import ADMIN_EMAIL, Plan, Stack, start


@asynccontextmanager
async def running(plan: Plan) -> AsyncGenerator[Stack]:
    """Run the system with the sample published while the context is open; its folder goes with it."""
    stack = await start(plan)
    env.write(stack)
    try:
        async with SlipwayClient(stack.api_url) as client:
            await client.login(ADMIN_EMAIL, stack.admin_password)
            await samples.ensure(stack, client)
        yield stack
    finally:
        await stack.down()
        shutil.rmtree(plan.state, ignore_errors=True)
