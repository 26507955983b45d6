"""`slipway dev up`, `status` and `down` as a user runs them: from nothing, twice, and after a kill -9 of everything."""

import asyncio
import os
import re
import shutil
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.dev.process import recorded
from slipway.dev.stack import ADMIN_EMAIL
from tests.support import servers
from tests.support.browser import run_flow

pytestmark = [pytest.mark.servers, pytest.mark.e2e]
WITHIN_SEC = 150.0


@pytest.fixture
def state() -> Iterator[Path]:
    folder = servers.state_folder()
    yield folder
    for server in recorded(folder):
        if server.alive:
            os.killpg(server.pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


async def slipway_dev(state: Path, *arguments: str, **more: str) -> tuple[int, str]:
    environment = {**os.environ, "SLIPWAY_STATE": str(state), **more}
    for foreign in ("DATABASE_URL", "NATS_URL", "KUBECONFIG"):
        environment.pop(foreign, None)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from slipway.cli.main import main; main()", "dev", *arguments,
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), WITHIN_SEC)
    return process.returncode or 0, output.decode()


async def the_printed_link_signs_in_once(said: str, env: str) -> None:
    link = re.search(r"^console +(http\S+)$", said, re.MULTILINE)
    password = re.search(r"^export SLIPWAY_ADMIN_PASSWORD=(\S+)$", env, re.MULTILINE)
    assert link, said
    assert password, "the administrator's password is kept"
    told = {
        "SLIPWAY_CONSOLE_LINK": link[1], "SLIPWAY_CONSOLE_URL": link[1].partition("/sign-in")[0],
        "SLIPWAY_ADMIN_EMAIL": ADMIN_EMAIL, "SLIPWAY_ADMIN_PASSWORD": password[1],
    }  # fmt: skip
    only = ("--grep", "a one-time link opens the console", "--output", "test-output/link", "--reporter", "list")
    passed, output = await run_flow("sign-in.spec.ts", told, *only)
    assert (passed, "1 passed" in output) == (True, True), output


async def test_up_twice_killed_up_again_and_down(state: Path):
    code, said = await slipway_dev(state, "up", "--detach")
    assert code == 0, said
    assert " ready " in said
    assert "simulated" in said
    env = (state / "env").read_text()
    await the_printed_link_signs_in_once(said, env)
    assert stat.S_IMODE((state / "env").stat().st_mode) == 0o600

    code, said = await slipway_dev(state, "up")
    assert (code, "runs already" in said) == (0, True), said
    code, said = await slipway_dev(state, "status")
    assert (code, "executor-1" in said) == (0, True), said

    for server in recorded(state):
        os.killpg(server.pid, signal.SIGKILL)
    code, said = await slipway_dev(state, "status")
    assert code == 1, said

    model = {"SLIPWAY_ASSISTANT_MODEL": "of-my-own", "SLIPWAY_ASSISTANT_API_KEY": "sk-mine"}
    code, said = await slipway_dev(state, "up", "--detach", **model)
    assert (code, " ready " in said, "of-my-own" in said) == (0, True, True), said
    assert (state / "env").read_text() == env
    told = {each.name: Path(f"/proc/{each.pid}/environ").read_text() for each in recorded(state) if each.alive}
    assert {name for name, environment in told.items() if "sk-mine" in environment} == {"api"}

    code, said = await slipway_dev(state, "down")
    assert (code, recorded(state)) == (0, []), said


async def test_status_of_nothing_is_a_failure_that_says_how_to_start(state: Path):
    code, said = await slipway_dev(state, "status")
    assert code == 1
    assert "slipway dev up" in said
