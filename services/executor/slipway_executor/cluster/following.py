"""Objects of a namespace as they become: listed once, and told by watches that stay open from then on."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection
from typing import Protocol

import msgspec
import structlog

from slipway_executor.cluster.kinds import PATHS
from slipway_executor.cluster.port import Object

log = structlog.get_logger()

WATCH_SEC = 60.0
"""How long a watch lasts; the list that follows its end begins another. So long may one that died in silence go unnoticed."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What the API server lists, and from where a watch goes on."""

    items: list[Object]
    version: str


class _Told(msgspec.Struct, frozen=True):
    """A line of a watch."""

    type: str
    object: Object


class Source(Protocol):
    """Where the objects of one kind come from."""

    async def list(self, path: str) -> Listing: ...
    def watch(self, path: str, version: str, timeout_sec: float) -> AsyncGenerator[bytes]:
        """Yield nothing once, when it has begun, then a line for each change."""
        ...


class Following:
    def __init__(self, source: Source, namespace: str, kinds: Collection[str]) -> None:
        self._changed = asyncio.Event()
        self._kinds = [_Kind(source, PATHS[kind].format(namespace), kind, self._changed) for kind in sorted(kinds)]

    async def objects(self) -> list[Object]:
        """Return what is there: as it was told, or listed anew when nothing was heard since the last time."""
        if not self._changed.is_set():
            await self.end()
        self._changed.clear()
        found = await asyncio.gather(*(kind.objects() for kind in self._kinds), return_exceptions=True)
        for each in found:
            if isinstance(each, BaseException):
                raise each
        return [item for items in found if isinstance(items, list) for item in items]

    async def change(self) -> None:
        """Return when something of `objects` has changed; not at all where watches are refused or broke off."""
        for kind in self._kinds:
            kind.begin()
        await self._changed.wait()

    async def end(self) -> None:
        """End the watches."""
        if watches := [watch for kind in self._kinds if (watch := kind.cancelled())]:
            await asyncio.wait(watches)


class _Kind:
    def __init__(self, source: Source, path: str, kind: str, changed: asyncio.Event) -> None:
        self._source = source
        self._path = path
        self._kind = kind
        self._changed = changed
        self._there: dict[str, Object] = {}
        self._version = ""
        self._watch: asyncio.Task[None] | None = None
        self._open = False
        """Whether the watch has begun and goes on: else what is there was not told."""

    async def objects(self) -> list[Object]:
        if not self._open:
            if watch := self.cancelled():
                await asyncio.wait([watch])
            listed = await self._source.list(self._path)
            self._there, self._version = {}, listed.version
            for item in listed.items:
                self._put(item)
        return list(self._there.values())

    def begin(self) -> None:
        """Go on from the list; one that was refused or broke off is not begun again before the next."""
        if self._watch is None:
            self._watch = asyncio.create_task(self._follow())

    def cancelled(self) -> asyncio.Task[None] | None:
        """Cancel the watch and return it, to be waited for."""
        watch, self._watch = self._watch, None
        if watch:
            watch.cancel()
        return watch

    async def _follow(self) -> None:
        try:
            async with contextlib.aclosing(self._source.watch(self._path, self._version, WATCH_SEC)) as lines:
                async for line in lines:
                    self._open = True
                    if line and not self._take(msgspec.json.decode(line, type=_Told)):
                        return
        except Exception as error:  # noqa: BLE001 - whatever it was, all is listed again
            log.debug("watch_broke_off", kind=self._kind, error=type(error).__name__)
        finally:
            self._open = False

    def _take(self, told: _Told) -> bool:
        """Note a change; False for what is none: the server says why it ends the watch."""
        match told.type:
            case "ADDED" | "MODIFIED":
                self._put(told.object)
            case "DELETED":
                self._there.pop(told.object["metadata"]["name"], None)
            case _:
                return False
        self._changed.set()
        return True

    def _put(self, item: Object) -> None:
        """Keep an object with its kind, which a list does not say of its items, and without who set its fields: half of it."""
        meta = {key: value for key, value in item["metadata"].items() if key != "managedFields"}
        self._there[meta["name"]] = {**item, "kind": self._kind, "metadata": meta}
