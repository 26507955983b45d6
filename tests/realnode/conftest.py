"""The whole system with a real node, where this machine can have one; `make test-node` builds and installs what is missing."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.build import real_node_is_built
from slipway.dev.images import push_program
from slipway.dev.realnode import packages
from slipway.dev.stack import ADMIN_EMAIL, Plan, Stack, link_tools, start, stop_left
from tests.e2e.watching import Watcher
from tests.support import servers

ASKED = "SLIPWAY_TEST_REAL_NODE"
"""Set: whatever is missing is installed and built."""
APPLICATION = Path(__file__).parent / "application"


def skip_reason() -> str:
    if reason := packages.impediment():
        return reason
    if os.environ.get(ASKED):
        return ""
    if absent := packages.missing():
        return f"not installed: {' '.join(absent)} (make test-node does it)"
    return "" if real_node_is_built() else "the real node's programs are not built (make test-node does it)"


@pytest.fixture(scope="session", autouse=True)
def a_machine_that_can() -> None:
    if reason := skip_reason():
        pytest.skip(reason)


@pytest.fixture(scope="session")
async def stack() -> AsyncIterator[Stack]:
    state = servers.state_folder()
    try:
        running = await start(Plan(state=state, fsync=False, real_node=True))
        link_tools(state, running.binaries)
        yield running
        await running.down()
    finally:
        await stop_left(state)
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="session")
async def image(stack: Stack) -> str:
    """A web application's image in the local registry, made of one static program."""
    program = stack.state / "application"
    go = Path(sys.executable).parent / "go"
    built = await asyncio.create_subprocess_exec(
        str(go), "build", "-trimpath", "-ldflags=-s -w", "-o", str(program), ".", cwd=APPLICATION,
        env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"},
    )  # fmt: skip
    assert await built.wait() == 0
    return await push_program(stack.registry.host, "team/application:1.0", program)


@pytest.fixture(scope="session")
async def client(stack: Stack) -> AsyncIterator[SlipwayClient]:
    async with SlipwayClient(stack.api_url) as client:
        await client.login(ADMIN_EMAIL, stack.admin_password)
        yield client


@pytest.fixture
def watcher(stack: Stack, client: SlipwayClient) -> Watcher:
    return Watcher(stack, client)
