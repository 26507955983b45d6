"""Debian's Chromium, and the console's flows run in it."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from slipway.dev.node import command, environment

CONSOLE = Path(__file__).parents[2] / "services" / "console"


def chromium() -> str:
    """Return the program; installed when it is missing and we may. RuntimeError when we may not."""
    if found := shutil.which("chromium"):
        return found
    if os.geteuid() != 0:
        raise RuntimeError("the console's flows need Chromium: install it as root with `apt-get install chromium`")
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], check=True, stdout=subprocess.DEVNULL)
    found = shutil.which("chromium")
    assert found, "apt-get installed the package chromium, and there is no such program"
    return found


async def run_flow(flow: str, told: Mapping[str, str], *arguments: str) -> tuple[bool, str]:
    """Run a `*.spec.ts` against the system that it is told of; return whether it passed, and what it printed."""
    browser = await asyncio.create_subprocess_exec(
        *command("node_modules/@playwright/test/cli.js", "test", f"e2e/{flow}", *arguments),
        cwd=CONSOLE, env={**environment(), "SLIPWAY_CHROMIUM": chromium(), **told},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await browser.communicate()
    return browser.returncode == 0, output.decode(errors="replace")
