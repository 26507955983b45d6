"""The platform's images, really built, and a cluster with a real node for them to run on; only `make test-images` asks for that."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from slipway.dev.build import Binaries, ensure_binaries, ensure_real_node
from slipway.dev.cluster import Cluster, start_cluster, stop_cluster
from slipway.dev.images import push_program
from slipway.dev.realnode.ground import open_ground
from slipway.dev.realnode.node import RealNode, start_node, stop_node
from slipway.dev.realnode.packages import ensure_packages
from slipway.dev.registry import Registry, start_registry, stop_registry
from slipway.dev.stack import link_tools, stop_left
from tests.deploy.helming import ROOT
from tests.images import engine as engines
from tests.images.base import ensure_bases
from tests.images.engine import Engine
from tests.realnode.conftest import APPLICATION
from tests.support import servers

ASKED = "SLIPWAY_TEST_IMAGES"
SERVICES = ("api", "scheduler", "executor", "console")


def skip_reason() -> str:
    if not os.environ.get(ASKED):
        return "building images takes long: make test-images does it"
    return engines.impediment()


@pytest.fixture(scope="session", autouse=True)
def a_machine_that_can() -> None:
    if reason := skip_reason():
        pytest.skip(reason)


@pytest.fixture(scope="session")
async def engine() -> AsyncIterator[Engine]:
    async with engines.engine() as running:
        yield running


@pytest.fixture(scope="session")
async def images(engine: Engine) -> Engine:
    """An engine that has the image of each service, built by the Dockerfile."""
    await ensure_bases(engine)
    for service in SERVICES:
        chosen = ("--build-arg", f"SERVICE={service}", "--target", service, "--tag", f"slipway/{service}")
        await engine.docker("build", "--quiet", "--network=host", *chosen, str(ROOT))
    return engine


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster with a real node, and what is beside it."""

    state: Path
    cluster: Cluster
    registry: Registry
    node: RealNode
    application: str
    """Reference of a web application's image."""


@pytest.fixture(scope="session")
async def place() -> AsyncIterator[Place]:
    state = servers.state_folder()
    binaries: Binaries = await ensure_binaries()
    await ensure_packages(print)
    programs = await ensure_real_node()
    link_tools(state, binaries)
    try:
        ground = await open_ground(state)
        registry = await start_registry(state, binaries, ground.host)
        cluster = await start_cluster(state, binaries, ground)
        node = await start_node(state, ground, programs, cluster=cluster, registry=registry)
        application = await push_program(registry.host, "team/application:1.0", await _application(state))
        yield Place(state=state, cluster=cluster, registry=registry, node=node, application=application)
        await stop_node(state, node)
        await stop_cluster(state, cluster)
        await stop_registry(state, registry)
    finally:
        await stop_left(state)
        shutil.rmtree(state, ignore_errors=True)


async def _application(state: Path) -> Path:
    program = state / "application"
    go = Path(sys.executable).parent / "go"
    built = await asyncio.create_subprocess_exec(
        str(go), "build", "-trimpath", "-o", str(program), ".", cwd=APPLICATION,
        env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"},
    )  # fmt: skip
    assert await built.wait() == 0
    return program
