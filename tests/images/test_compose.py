"""docker-compose.yml as it is, brought up with the images of the Dockerfile: signed in through the console, deployed on a real node."""

import re
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from slipway.client.http import SlipwayClient
from tests.deploy.helming import ROOT
from tests.e2e.watching import eventually
from tests.images.conftest import Place
from tests.images.engine import Engine
from tests.images.using import deploys_an_application

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(7200)]

ADMIN, PASSWORD = "root@example.org", "a-long-password-of-tests"
CONSOLE = "http://127.0.0.1:8081"
PROJECT = "slipway-test"


class Compose:
    def __init__(self, engine: Engine, filled: Path) -> None:
        """`filled` is what .env.example becomes in an operator's hands."""
        self._engine, self._filled = engine, filled

    async def __call__(self, *arguments: str) -> str:
        files = ("--project-name", PROJECT, "--file", str(ROOT / "docker-compose.yml"), "--env-file", str(self._filled))
        return await self._engine.run("docker-compose", *files, *arguments)


@pytest.fixture(scope="module")
async def compose(images: Engine, place: Place) -> AsyncIterator[Compose]:
    kubeconfig = place.state / "for-containers"
    shutil.copyfile(place.cluster.executor_kubeconfig, kubeconfig)
    kubeconfig.chmod(0o644)
    names = re.findall(r"^([A-Z_]+)=$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    filled = {name: f"p{secrets.token_hex(20)}" for name in names}
    told = {
        **filled, "SLIPWAY_ADMIN_EMAIL": ADMIN, "SLIPWAY_ADMIN_PASSWORD": PASSWORD, "SLIPWAY_KUBECONFIG": str(kubeconfig),
    }  # fmt: skip
    env = place.state / "compose.env"
    env.write_text("".join(f"{name}={value}\n" for name, value in told.items()))
    compose = Compose(images, env)
    try:
        yield compose
    finally:
        await compose("down", "--volumes", "--remove-orphans")


async def healths(engine: Engine) -> dict[str, str]:
    """Return the health of each container of the project that has one, by its name."""
    label = f"label=com.docker.compose.project={PROJECT}"
    found = (await engine.docker("ps", "--all", "--quiet", "--filter", label)).split()
    shape = "{{.Name}} {{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}"
    lines = (await engine.docker("inspect", "--format", shape, *found)).splitlines()
    return dict(line.lstrip("/").split() for line in lines)


async def test_the_platform_comes_up_healthy_and_deploys(compose: Compose, images: Engine, place: Place):
    await compose("up", "--detach", "--no-build")

    async def all_healthy() -> dict[str, str] | None:
        found = await healths(images)
        beside = {name: state for name, state in found.items() if "prepare" not in name}
        return found if set(beside.values()) == {"healthy"} else None

    found = await eventually(all_healthy, "every container is healthy", within=600)
    assert len([name for name in found if "executor" in name]) == 2
    assert [state for name, state in found.items() if "prepare" in name] == ["exited"]

    async with SlipwayClient(CONSOLE) as client:
        await client.login(ADMIN, PASSWORD)
        await deploys_an_application(client, place)

    await compose("up", "--detach", "--no-build", "--no-deps", "--force-recreate", "api")  # as for a new image
    await eventually(all_healthy, "the new container is healthy", within=600)
    async with SlipwayClient(CONSOLE) as client:
        await client.login(ADMIN, PASSWORD)
