"""An OCI registry of a test's own, over plain http: it serves archives that no tool would make, and can misbehave."""

import asyncio
import hashlib
import io
import tarfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from slipway.domain.archives import CHART_LAYER
from slipway.identity import new_id
from tests.e2e.charts import OPEN
from tests.support.https import serving

Fault = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]
"""Answers a request in the registry's place, or returns None to let it answer."""


class ChartHost:
    """Serves `oci://<host>/charts/<name>`; a fault may be set for each name."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.faults: dict[str, Fault] = {}
        self.asked: list[str] = []
        self._port = port
        self._content: dict[str, bytes] = {}
        self._stack = AsyncExitStack()
        self._closing = asyncio.Event()

    async def open(self) -> None:
        self._closing.clear()
        await self._stack.enter_async_context(serving(self._answer, port=self._port))

    async def close(self) -> None:
        """Be down, until it is opened again."""
        self._closing.set()
        await self._stack.aclose()

    def publish(self, archive: bytes, *, name: str = "", version: str = "1.0.0") -> dict[str, Any]:
        """Serve an archive; return the template fields that name it. A version published again is a tag that moved."""
        name = name or f"made-{new_id().hex[-8:]}"
        layer = {"mediaType": CHART_LAYER, "digest": _digest(archive), "size": len(archive)}
        manifest = msgspec.json.encode({"schemaVersion": 2, "layers": [layer]})
        digest = _digest(manifest)
        self._content |= {
            f"/v2/charts/{name}/manifests/{version}": manifest,
            f"/v2/charts/{name}/manifests/{digest}": manifest,
            f"/v2/charts/{name}/blobs/{layer['digest']}": archive,
        }
        return {
            "chart_ref": f"oci://{self.host}/charts/{name}", "chart_version": version, "chart_digest": digest,
            "values_schema_json": OPEN,
        }  # fmt: skip

    def misbehave(self, fields: Mapping[str, Any], fault: Fault) -> None:
        """Answer for this chart with a fault."""
        self.faults[str(fields["chart_ref"]).rpartition("/")[2]] = fault

    def behave(self) -> None:
        self.faults.clear()

    async def stall(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Send half of the archive, and then nothing more."""
        if "/blobs/" not in request.path:
            return None
        content = self._content[request.path]
        answer = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await answer.prepare(request)
        await answer.write(content[: len(content) // 2])
        await self._closing.wait()
        return answer

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request.path)
        name = request.path.split("/")[3] if request.path.count("/") > 3 else ""
        if name in self.faults and (found := await self.faults[name](request)) is not None:
            return found
        if request.path not in self._content:
            return web.Response(status=404)
        return web.Response(body=self._content[request.path])


def packed(files: Mapping[str, bytes | str], *, name: str = "made", values: str = "{}\n") -> bytes:
    """Return the archive of a chart in the folder `made`, whatever its name; files replace those that every chart has."""
    chart = f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n"
    whole: dict[str, bytes | str] = {"Chart.yaml": chart, "values.yaml": values, **files}
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as out:
        for path, content in whole.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(f"made/{path}")
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return target.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@asynccontextmanager
async def chart_host(port: int) -> AsyncGenerator[ChartHost]:
    """Serve while the context is open."""
    host = ChartHost(port)
    await host.open()
    try:
        yield host
    finally:
        await host.close()
