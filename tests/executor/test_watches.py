"""Objects are followed by one watch of each kind, however the API server treats it, and however many there are."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from slipway.clock import settle
from slipway_executor.cluster.following import Following, Listing
from slipway_executor.cluster.kubernetes import REQUESTS, NotThere, connect
from slipway_executor.failing import transient


def pod(name: str, phase: str = "Running") -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"phase": phase}}


class Server:
    """An API server with pods: it lists them, and tells of what it is given to tell, or refuses watches."""

    def __init__(self, *pods: dict[str, Any], refuses: Exception | None = None) -> None:
        self.pods = list(pods)
        self.lists = 0
        self.watches: list[str] = []
        """From which version each began."""
        self._refuses = refuses
        self._told: asyncio.Queue[bytes] = asyncio.Queue()

    async def list(self, path: str) -> Listing:
        self.lists += 1
        return Listing(items=self.pods, version=str(self.lists))

    async def watch(self, path: str, version: str, timeout_sec: float) -> AsyncGenerator[bytes]:
        self.watches.append(version)
        if self._refuses:
            raise self._refuses
        while line := await self._told.get():
            yield line

    def tell(self, change: str, item: dict[str, Any]) -> None:
        self._told.put_nowait(msgspec.json.encode({"type": change, "object": item}))

    def end(self) -> None:
        self._told.put_nowait(b"")


def phases(found: list[dict[str, Any]]) -> dict[str, str]:
    assert {item["kind"] for item in found} <= {"Pod"}
    return {item["metadata"]["name"]: item["status"]["phase"] for item in found}


async def test_changes_are_told_and_nothing_is_listed_again():
    server = Server(pod("a", "Pending"), pod("b"))
    followed = Following(server, "n", {"Pod"})
    assert phases(await followed.objects()) == {"a": "Pending", "b": "Running"}
    for change, item, left in (
        ("MODIFIED", pod("a"), {"a": "Running", "b": "Running"}),
        ("DELETED", pod("b"), {"a": "Running"}),
        ("ADDED", pod("c"), {"a": "Running", "c": "Running"}),
    ):
        server.tell(change, item)
        await asyncio.wait_for(followed.change(), 30)
        assert phases(await followed.objects()) == left
    assert (server.lists, server.watches) == (1, ["1"])
    await followed.end()


async def test_when_nothing_was_heard_all_is_listed_anew():
    server = Server(pod("a"))
    followed = Following(server, "n", {"Pod"})
    await followed.objects()
    waiting = asyncio.create_task(followed.change())
    await settle(10)
    waiting.cancel()
    server.pods = [pod("b")]
    assert phases(await followed.objects()) == {"b": "Running"}
    server.tell("MODIFIED", pod("b", "Failed"))
    await asyncio.wait_for(followed.change(), 30)
    assert phases(await followed.objects()) == {"b": "Failed"}
    assert (server.lists, server.watches) == (2, ["1", "2"])
    await followed.end()


@pytest.mark.parametrize(
    ("refuses", "told"),
    [
        (transient("cluster_unavailable", "429"), ""),
        (NotThere("watch"), ""),
        (None, "ended"),
        (None, "ERROR"),
        (None, "BOOKMARK"),
    ],
    ids=["refused", "not there", "ended", "too old", "no change"],
)
async def test_a_watch_that_is_refused_is_no_change(refuses: Exception | None, told: str):
    """Row 36: each return is a list of all objects, so a server in trouble was asked as often as it could answer."""
    server = Server(pod("a"), refuses=refuses)
    followed = Following(server, "n", {"Pod"})
    await followed.objects()
    waiting = asyncio.create_task(followed.change())
    if told == "ended":
        server.end()
    elif told:
        server.tell(told, {"code": 410})
    await settle(50)
    assert (server.lists, len(server.watches), waiting.done()) == (1, 1, False)
    waiting.cancel()
    await followed.objects()
    assert server.lists == 2
    await followed.end()


async def test_a_request_has_a_connection_however_many_watches_and_logs_are_open(tmp_path: Path):
    async def streaming(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{}\n")
        await ended.wait()
        return response

    async def version(request: web.Request) -> web.Response:
        return web.json_response({"major": "1"})

    ended, app = asyncio.Event(), web.Application()
    app.router.add_get("/pods", streaming)
    app.router.add_get("/version", version)
    async with TestServer(app) as server, contextlib.AsyncExitStack() as open_streams:
        kubeconfig = tmp_path / "config"
        kubeconfig.write_text(yaml.safe_dump(config_of(str(server.make_url("")).rstrip("/"))))
        api = await open_streams.enter_async_context(connect(str(kubeconfig)))
        for number in range(REQUESTS + 2):
            opened = api.stream("/pods", {}) if number % 2 else api.watch("/pods", "1", 600)
            await open_streams.enter_async_context(contextlib.aclosing(opened))
            assert await asyncio.wait_for(anext(opened), 30) == b"{}\n"
        assert await asyncio.wait_for(api.get("/version"), 30) == {"major": "1"}
        ended.set()


def config_of(address: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [{"name": "u", "user": {}}],
        "clusters": [{"name": "c", "cluster": {"server": address}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }  # fmt: skip
