"""An executor listens from its first moment, whatever its cluster does: one that does not is killed, and cannot say what it lacks."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from slipway.dev.ports import free_port
from slipway_executor.cluster.own_secrets import body
from slipway_executor.sealing import FIELD, KEY_SECRET, fresh_key
from tests.e2e.watching import eventually
from tests.support.serving import served

KUBERNETES = 'slipway_dependency_up{dependency="kubernetes"}'


class ApiServer:
    """An API server that knows the sealing key only, and until it `works` forbids, or does not answer."""

    def __init__(self, *, hangs: bool) -> None:
        self.works = asyncio.Event()
        self._hangs = hangs
        self._secret = body(KEY_SECRET, {FIELD: fresh_key()})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if self._hangs:
            await self.works.wait()
        forbidden = not self.works.is_set() and scope["path"] != "/version"  # which whoever is known may ask
        content = {"message": "forbidden"} if forbidden else self._secret
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 403 if forbidden else 200, "headers": headers})
        await send({"type": "http.response.body", "body": msgspec.json.encode(content)})


def kubeconfig(server: str) -> bytes:
    named = {"clusters": [{"name": "c", "cluster": {"server": server}}], "users": [{"name": "u", "user": {}}]}
    context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    return msgspec.json.encode({**named, "contexts": [context], "current-context": "x"})


@asynccontextmanager
async def executor(config: Path) -> AsyncGenerator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """Run an executor that is given this kubeconfig and a NATS that is nowhere; give a client of its health."""
    port = free_port()
    told = {
        "NATS_URL": "nats://127.0.0.1:1", "KUBECONFIG": str(config), "SLIPWAY_HTTP_PORT": str(port),
        "SLIPWAY_LEASE_SEC": "5", "SLIPWAY_CACHE_DIR": str(config.parent), "PATH": os.environ["PATH"],
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "slipway_executor", env=told)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as http:
            yield process, http
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def is_said(http: httpx.AsyncClient, process: asyncio.subprocess.Process, state: str) -> None:
    """Wait until `/health` says this of the cluster."""

    async def look() -> bool | None:
        assert process.returncode is None
        try:
            answer = await http.get("/health")
        except httpx.ConnectError:
            return None
        return (answer.status_code, answer.json()["dependencies"]["kubernetes"]) == (200, state) or None

    await eventually(look, f"an executor says that its cluster is {state}", within=120)


@pytest.mark.parametrize("how", ["hangs", "forbids", "no kubeconfig"])
async def test_an_executor_whose_cluster_gives_no_key_says_so_and_begins_when_it_does(how: str, tmp_path: Path):
    cluster, config = ApiServer(hangs=how == "hangs"), tmp_path / "kubeconfig"
    async with served(cluster) as address:
        if how != "no kubeconfig":
            config.write_bytes(kubeconfig(address))
        async with executor(config) as (process, http):
            await is_said(http, process, "down")
            assert f"{KUBERNETES} 0.0" in (await http.get("/metrics")).text
            assert (await http.get("/health/ready")).json()["dependencies"]["kubernetes"] == "down"
            config.write_bytes(kubeconfig(address))
            cluster.works.set()
            await is_said(http, process, "ok")
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 60) == 0


async def test_an_executor_that_waits_for_its_cluster_can_be_stopped(tmp_path: Path):
    async with executor(tmp_path / "none") as (process, http):
        await is_said(http, process, "down")
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 60) == 0
