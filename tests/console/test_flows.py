"""Each flow of the console in a real browser against the real system; what it does stands in its `*.spec.ts`."""

import asyncio

import pytest

from slipway.dev.node import command, environment
from tests.console.conftest import CONSOLE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]
FLOWS = sorted(path.name for path in (CONSOLE / "e2e").glob("*.spec.ts"))


def test_there_are_flows():
    assert len(FLOWS) >= 8


@pytest.mark.parametrize("flow", FLOWS)
async def test_flow(flow: str, told: dict[str, str]):
    browser = await asyncio.create_subprocess_exec(
        *command("node_modules/@playwright/test/cli.js", "test", f"e2e/{flow}"),
        cwd=CONSOLE, env={**environment(), **told}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await browser.communicate()
    print(output.decode(errors="replace"))  # its figures too: `pytest -rP` shows them
    assert browser.returncode == 0, "see the output of the browser's run"
