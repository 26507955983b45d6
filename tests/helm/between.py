"""A way to the API server on which a test sees each write of the engine, and says after which one the engine dies."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web
from yarl import URL

from slipway.dev.build import Binaries
from slipway.dev.ports import free_port
from slipway_executor.helm.engine.adapter import HelmEngine
from tests.support.https import serving

_AS_ASKED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Headers that the client would add of its own accord."""
_OF_THE_WAY = ("Connection", "Content-Length", "Transfer-Encoding")
"""Headers of one connection."""


class Between:
    def __init__(self, http: aiohttp.ClientSession, server: str) -> None:
        self._http = http
        self._server = server
        self._turn = asyncio.Lock()
        self._doomed: HelmEngine | None = None
        self._left = 0
        self._dead = False
        self.written: list[str] = []
        """Method and path of each write that the API server has answered."""

    def kill(self, engine: HelmEngine, *, after: int) -> None:
        """Kill the engine, with its group, as soon as the API server has answered so many writes of it; with none, at its first.

        Until `spare` nothing more is written: neither what it had sent to us by then, nor by an engine in its place.
        """
        self._doomed, self._left, self._dead = engine, after, False

    def spare(self) -> bool:
        """Kill nobody from now on; tell whether nobody was killed."""
        spared, self._doomed, self._dead = not self._dead, None, False
        return spared

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass a request on. Writes go one at a time: when one is answered, no other is under way."""
        if request.method in ("GET", "HEAD"):
            return await self._passed(request)
        async with self._turn:
            if self._over(request):
                return web.Response()
            answered = await self._passed(request)
            self.written.append(f"{request.method} {request.raw_path}")
            self._left -= 1
            self._over(request)
            return answered

    def _over(self, request: web.BaseRequest) -> bool:
        """Kill the engine when its time has come; tell whether it is dead, and hears nothing more."""
        if self._doomed and self._left <= 0 and not self._dead:
            [pid] = self._doomed.pids
            os.killpg(pid, signal.SIGKILL)
            self._dead = True
        if self._dead and request.transport:
            request.transport.abort()
        return self._dead

    async def _passed(self, request: web.BaseRequest) -> web.StreamResponse:
        async with self._http.request(
            request.method, URL(self._server + request.raw_path, encoded=True), data=await request.read(),
            headers={name: value for name, value in request.headers.items() if name not in ("Host", *_OF_THE_WAY)},
            skip_auto_headers=_AS_ASKED,
        ) as answer:  # fmt: skip
            headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_WAY}
            if request.query.get("watch") is None:
                return web.Response(status=answer.status, headers=headers, body=await answer.read())
            stream = web.StreamResponse(status=answer.status, headers=headers)
            await stream.prepare(request)
            with contextlib.suppress(ConnectionError):  # whoever watched is gone
                async for piece in answer.content.iter_any():
                    await stream.write(piece)
            return stream


@asynccontextmanager
async def standing(binaries: Binaries, kubeconfig: Path, folder: Path) -> AsyncGenerator[tuple[Path, Between]]:
    """Stand before the API server of a kubeconfig while the context is open; give a kubeconfig that leads here."""
    proxy = await asyncio.create_subprocess_exec(
        str(binaries.kubectl), "proxy", "--port=0", stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
    )  # fmt: skip
    assert proxy.stdout is not None
    server = "http://" + (await proxy.stdout.readline()).decode().split()[-1]
    timeout, port = aiohttp.ClientTimeout(total=None), free_port()
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "a", "users": [{"name": "a", "user": {}}],
        "clusters": [{"name": "a", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
    }  # fmt: skip
    path = folder / "between.json"
    path.write_bytes(msgspec.json.encode(config))
    try:
        async with aiohttp.ClientSession(auto_decompress=False, timeout=timeout) as http:
            between = Between(http, server)
            async with serving(between.answer, port=port):
                yield path, between
    finally:
        proxy.terminate()
        await proxy.wait()
