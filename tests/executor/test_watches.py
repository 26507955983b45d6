"""Objects are followed by one watch of each kind, however the API server treats it, and however many there are."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from slipway.clock import ManualClock, settle
from slipway_executor.cluster.following import Following, Listing
from slipway_executor.cluster.kubernetes import REQUESTS, KubernetesApi, NotThere, connect
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.cluster.port import Followed, Object
from slipway_executor.cluster.real import KubernetesCluster
from slipway_executor.control import Control
from slipway_executor.failing import transient
from slipway_executor.reconcile.watch import Watch
from tests.executor.world import READY

PODS, JOBS = "/api/v1/namespaces/n/pods", "/apis/batch/v1/namespaces/n/jobs"
END = b"end"


def pod(name: str, phase: str = "Running") -> Object:
    return {"metadata": {"name": name}, "status": {"phase": phase}}


class Server:
    """An API server with pods and jobs: it lists them, and tells of what it is given to tell, or refuses watches."""

    def __init__(self, *pods: Object, refuses: Exception | None = None, begins: bool = True) -> None:
        self.pods = list(pods)
        self.lists: list[str] = []
        self.watches: list[str] = []
        """From which version each began."""
        self._refuses = refuses
        self._begins = begins
        self._told: dict[str, asyncio.Queue[bytes]] = {PODS: asyncio.Queue(), JOBS: asyncio.Queue()}

    async def list(self, path: str) -> Listing:
        self.lists.append(path)
        return Listing(items=self.pods if path == PODS else [], version=str(len(self.lists)))

    async def watch(self, path: str, version: str, timeout_sec: float) -> AsyncGenerator[bytes]:
        self.watches.append(version)
        if self._refuses:
            raise self._refuses
        if not self._begins:
            await asyncio.Event().wait()
        yield b""
        while (line := await self._told[path].get()) != END:
            yield line

    def tell(self, change: str, item: Object, *, path: str = PODS) -> None:
        self.say(msgspec.json.encode({"type": change, "object": item}), path=path)

    def say(self, line: bytes, *, path: str = PODS) -> None:
        self._told[path].put_nowait(line)


def phases(found: list[Object]) -> dict[str, str]:
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
    assert (server.lists, server.watches) == ([PODS], ["1"])
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
    assert (server.lists, server.watches) == ([PODS, PODS], ["1", "2"])
    await followed.end()


BROKEN = {
    "refused": Server(refuses=transient("cluster_unavailable", "429")),
    "not there": Server(refuses=NotThere("watch")),
    "never begun": Server(begins=False),
    "ended": END,
    "too old": b'{"type": "ERROR", "object": {"kind": "Status", "metadata": {}, "code": 410}}',
    "no change": b'{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}}',
    "cut off": b'{"type": "MODIF',
    "no event": b"[1]",
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_watch_that_is_refused_or_breaks_off_is_no_change_and_is_believed_no_more(name: str):
    """Row 36: a server in trouble was asked as often as it could answer. What it lists is believed, and no older store."""
    broken = BROKEN[name]
    server = broken if isinstance(broken, Server) else Server()
    followed = Following(server, "n", {"Pod", "Job"})
    await followed.objects()
    waiting = asyncio.create_task(followed.change())
    if isinstance(broken, bytes):
        server.say(broken)
    await settle(50)
    assert (server.lists, len(server.watches), waiting.done()) == ([JOBS, PODS], 2, False)
    server.pods = [pod("new")]
    if isinstance(broken, bytes):
        server.tell("ADDED", pod("job"), path=JOBS)
        await asyncio.wait_for(waiting, 30)
        names = {item["metadata"]["name"] for item in await followed.objects()}
        assert (names, server.lists) == ({"job", "new"}, [JOBS, PODS, PODS]), "the other kind goes on being told"
    else:
        waiting.cancel()
        assert phases(await followed.objects()) == {"new": "Running"}
    await followed.end()


@pytest.mark.parametrize("ending", [RuntimeError, asyncio.CancelledError])
async def test_watches_end_with_whoever_follows(ending: type[BaseException]):
    ended = asyncio.Event()

    class Api:
        def acting_as(self, user: str) -> "Api":
            return self

        async def get(self, path: str) -> Object:
            return {"metadata": {"resourceVersion": "1"}, "items": []}

        async def watch(self, path: str, version: str, timeout_sec: float) -> AsyncGenerator[bytes]:
            try:
                yield b""
                await asyncio.Event().wait()
            finally:
                ended.set()

    cluster = KubernetesCluster(cast("KubernetesApi", Api()))
    with pytest.raises(ending):
        async with cluster.following("n", {"Pod"}) as followed:
            await followed.objects()
            waiting = asyncio.create_task(followed.change())
            await settle(10)
            waiting.cancel()
            assert not ended.is_set()
            raise ending
    assert ended.is_set()


class Told:
    """What is told: first what the cluster lists, then, once something changed, that all is ready."""

    def __init__(self, cluster: "Untrue") -> None:
        self._first = list(cluster.objects)
        self._changed = cluster.changed

    async def objects(self) -> list[Object]:
        return [READY] if self._changed.is_set() else self._first

    async def change(self) -> None:
        await self._changed.wait()


class Untrue(MemoryCluster):
    """Its watches tell what is not so; its lists do not."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()
        self.objects = [{**READY, "status": {}}]

    @contextlib.asynccontextmanager
    async def following(self, namespace: str, kinds: Collection[str]) -> AsyncGenerator[Followed]:
        yield Told(self)


async def test_a_verdict_is_of_a_list_and_not_of_what_was_told():
    cluster, control, clock = Untrue(), Control(), ManualClock()

    async def waits() -> None:
        cluster.changed.set()

    watch = Watch(cluster, clock, "n", [READY])
    waiting = asyncio.create_task(watch.until_ready(timeout_sec=60, control=control, waits=waits))
    await settle(50)
    assert (waiting.done(), control.ready) == (False, 0)
    cluster.objects = [READY]
    assert await asyncio.wait_for(waiting, 30)


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
            assert await asyncio.wait_for(anext(opened), 30) in (b"", b"{}\n")
        assert await asyncio.wait_for(api.get("/version"), 30) == {"major": "1"}
        ended.set()


def config_of(address: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [{"name": "u", "user": {}}],
        "clusters": [{"name": "c", "cluster": {"server": address}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }  # fmt: skip
