"""Objects of a namespace as they become: listed once, and told by watches that stay open from then on."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection
from typing import Any, Protocol

import msgspec

from slipway_executor.cluster.kinds import PATHS
from slipway_executor.cluster.kubernetes import NotThere
from slipway_executor.cluster.port import Object
from slipway_executor.failing import OperationFailed

WATCH_SEC = 300.0
"""How long a watch is asked for; the list that follows its end begins another."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What the API server lists, and from where a watch goes on."""

    items: list[Object]
    version: str


class Source(Protocol):
    """Where the objects of one kind come from."""

    async def list(self, path: str) -> Listing: ...
    def watch(self, path: str, version: str, timeout_sec: float) -> AsyncGenerator[bytes]: ...


class Following:
    def __init__(self, source: Source, namespace: str, kinds: Collection[str]) -> None:
        self._changed = asyncio.Event()
        self._kinds = [_Kind(source, PATHS[kind].format(namespace), kind, self._changed) for kind in sorted(kinds)]

    async def objects(self) -> list[Object]:
        """Return what is there: as it was told, or listed anew when nothing was heard since the last time."""
        if not self._changed.is_set():
            await self.end()
        self._changed.clear()
        found = await asyncio.gather(*(kind.objects() for kind in self._kinds))
        return [item for items in found for item in items]

    async def change(self) -> None:
        """Return when something of `objects` has changed; not at all where watches are refused or broke off."""
        for kind in self._kinds:
            kind.begin()
        await self._changed.wait()

    async def end(self) -> None:
        """End the watches."""
        await asyncio.gather(*(kind.end() for kind in self._kinds))


class _Kind:
    def __init__(self, source: Source, path: str, kind: str, changed: asyncio.Event) -> None:
        self._source = source
        self._path = path
        self._kind = kind
        self._changed = changed
        self._there: dict[str, Object] = {}
        self._version = ""
        self._watch: asyncio.Task[None] | None = None

    async def objects(self) -> list[Object]:
        if self._watch is None or self._watch.done():
            listed = await self._source.list(self._path)
            self._there, self._version, self._watch = {}, listed.version, None
            for item in listed.items:
                self._put(item)
        return list(self._there.values())

    def begin(self) -> None:
        """Go on from the list; one that was refused or broke off is not begun again before the next."""
        if self._watch is None:
            self._watch = asyncio.create_task(self._follow())

    async def end(self) -> None:
        watch, self._watch = self._watch, None
        if watch:
            watch.cancel()
            await asyncio.wait([watch])

    async def _follow(self) -> None:
        with contextlib.suppress(OperationFailed, NotThere, msgspec.DecodeError):
            async with contextlib.aclosing(self._source.watch(self._path, self._version, WATCH_SEC)) as lines:
                async for line in lines:
                    if not self._take(msgspec.json.decode(line)):
                        return

    def _take(self, told: dict[str, Any]) -> bool:
        """Note a change; False for what is none: the server says why it ends the watch."""
        if told["type"] not in ("ADDED", "MODIFIED", "DELETED"):
            return False
        if told["type"] == "DELETED":
            self._there.pop(told["object"]["metadata"]["name"], None)
        else:
            self._put(told["object"])
        self._changed.set()
        return True

    def _put(self, item: Object) -> None:
        self._there[item["metadata"]["name"]] = {**item, "kind": self._kind}  # items of a list do not say it
