"""A Docker engine of the tests' own, from Debian's package: nothing of it is the machine's, and it ends with what it runs.

Its mounts and processes lie in namespaces of one process. It makes no firewall rule; its bridge goes with it, and networks that
a compose file asks for are bridges, which `docker compose down` takes away.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from slipway.dev.process import spawn, stop, wait_ready
from slipway.dev.realnode.ground import BLOCKS
from slipway.dev.realnode.packages import SEARCH, program
from tests.support import servers

DATA = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway" / "test-images"
"""Images stay here between runs, so that only what changed is built again."""
PROGRAMS = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "docker-compose": "docker-compose",
    "debootstrap": "debootstrap",
}
BUILD_SEC = 3600.0
BRIDGE = "slipway-test"
GATEWAY = str(BLOCKS[-1][1])
"""Of containers that ask for no network. A node takes the first block that is free, so that it never comes to the last."""


def impediment() -> str:
    """Say why no engine can run here; empty when one can."""
    if os.geteuid() != 0:
        return "a Docker engine needs root"
    absent = {package for program, package in PROGRAMS.items() if not shutil.which(program, path=SEARCH)}
    return f"not installed: apt-get install {' '.join(sorted(absent))}" if absent else ""


class Engine:
    def __init__(self, host: str) -> None:
        self.host = host

    async def docker(self, *arguments: str, stdin: Path | None = None) -> str:
        """Run docker; return what it printed. It has to succeed."""
        return await self.run("docker", *arguments, stdin=stdin)

    async def run(self, program: str, *arguments: str, stdin: Path | None = None) -> str:
        own = {"DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0", "PATH": SEARCH, "HOME": "/tmp"}
        with contextlib.ExitStack() as files:
            child = await asyncio.create_subprocess_exec(
                program, *arguments, env=own,
                stdin=files.enter_context(stdin.open("rb")) if stdin else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            output, _ = await asyncio.wait_for(child.communicate(), BUILD_SEC)
        said = output.decode(errors="replace")
        assert child.returncode == 0, f"{program} {' '.join(arguments)}\n{said[-3000:]}"
        return said

    async def has(self, image: str) -> bool:
        return bool((await self.docker("images", "--quiet", image)).strip())


@asynccontextmanager
async def engine() -> AsyncGenerator[Engine]:
    """Run an engine, or use the one that DOCKER_HOST names; its images stay, its containers do not."""
    if named := os.environ.get("DOCKER_HOST"):
        yield Engine(named)
        return
    state = servers.state_folder()
    socket, data = state / "docker.sock", DATA / "engine"
    data.mkdir(parents=True, exist_ok=True)
    private = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    flags = (
        f"--bridge={BRIDGE}", "--iptables=false", f"--data-root={data}", f"--exec-root={state / 'exec'}",
        f"--host=unix://{socket}", f"--pidfile={state / 'pid'}", "--insecure-registry=198.18.0.0/15",
    )  # fmt: skip
    environment = {"PATH": SEARCH, "HOME": "/root"}
    _ip("link", "add", "name", BRIDGE, "type", "bridge")
    _ip("address", "add", f"{GATEWAY}/{BLOCKS[-1].prefixlen}", "dev", BRIDGE)
    _ip("link", "set", BRIDGE, "up")
    server = spawn(state, "dockerd", [*private, "dockerd", *flags], env=environment)
    found = Engine(f"unix://{socket}")

    async def ready() -> bool:
        return socket.exists() and "API listen on" in Path(server.log).read_text()

    try:
        await wait_ready(server, ready, timeout=60)
        yield found
    finally:
        with contextlib.suppress(AssertionError):
            if left := (await found.docker("ps", "--all", "--quiet")).split():
                await found.docker("rm", "--force", "--volumes", *left)
        await stop(state, server, timeout=0)
        _ip("link", "delete", BRIDGE)
        shutil.rmtree(state, ignore_errors=True)


def _ip(*arguments: str) -> None:
    subprocess.run([program("ip"), *arguments], check=True)
