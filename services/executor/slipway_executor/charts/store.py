"""The executor's charts: what a command names becomes a file that Helm may load."""

import asyncio
import contextlib
import hashlib
import os
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from slipway.domain.charts import ChartRef, InvalidChartRef, Registries, parse_chart_ref
from slipway.identity import new_id
from slipway.messaging.broker import BrokerError
from slipway.messaging.messages import Chart, Sealed
from slipway_executor.charts import archive
from slipway_executor.charts.fetch import ChartClient, Fetched, Login, prove
from slipway_executor.failing import OperationFailed, needs_person, terminal, transient
from slipway_executor.sealing import Keyring

log = structlog.get_logger()

FETCH_SEC = 120.0
"""For a whole chart: a body that drips must not hold a slot."""
OFFER_AGAIN_SEC = 24 * 3600.0
PARTIAL = "partial-"
LEFT_SEC = 3600.0
"""After so long nobody writes a file any more."""
KEPT = 200
"""Archives in the cache; the least recently used go."""
GONE = frozenset(
    {
        "registry_unreachable", "registry_unavailable", "registry_unauthorized", "registry_not_allowed", "chart_not_found",
        "chart_elsewhere", "chart_redirects", "digest_mismatch",
    }
)  # fmt: skip
"""Failures for which the kept archive serves instead: it is proven by the same digest."""


class Shelf(Protocol):
    """Where archives are kept for the installation (`charts.keeper`)."""

    async def fetch(self, digest: str) -> Fetched | None: ...
    async def store(self, digest: str, fetched: Fetched) -> None: ...


class ChartStore:
    def __init__(
        self,
        client: ChartClient,
        *,
        cache: Path,
        builtin: Path,
        registries: Registries,
        keyring: Keyring,
        keeper: Shelf | None = None,
    ) -> None:
        """`keeper` keeps archives for the installation, so that a chart that left its registry is still there."""
        self._client = client
        self._cache = cache
        self._builtin = builtin
        self._registries = registries
        self._keyring = keyring
        self._keeper = keeper
        self._fetching: dict[str, asyncio.Lock] = {}
        self._keeping: set[asyncio.Task[None]] = set()
        self._offered: dict[str, float] = {}

    async def path(self, chart: Chart, registries: tuple[Sealed, ...] = ()) -> Path:
        """Return the chart's place on disk, fetched and checked if need be. OperationFailed says why not."""
        if chart.builtin:
            folder = self._builtin / chart.builtin
            if not (folder / "Chart.yaml").exists():
                raise needs_person("builtin_missing", f"the built-in chart {chart.builtin} is not installed")
            return folder
        if not chart.digest or (chart.ref and not chart.version):
            raise terminal("template_invalid", "the template names no chart, version or digest")
        cached = self._cache / f"{chart.digest.replace(':', '-')}.tgz"
        async with self._fetching.setdefault(chart.digest, asyncio.Lock()):
            if not cached.exists():
                fetched = await self._fetched(chart.ref, chart.version or "", chart.digest, registries)
                await asyncio.to_thread(archive.check, fetched.archive)
                await asyncio.to_thread(self._store, fetched, cached)
        with contextlib.suppress(FileNotFoundError):
            os.utime(cached)
        self._offer(chart.digest, cached)
        return cached

    async def content(self, chart: Chart) -> str:
        """Return a digest of the files of a built-in chart; empty for others, which are pinned by their own."""
        return await asyncio.to_thread(_digest_of, self._builtin / chart.builtin) if chart.builtin else ""

    async def resolve(self, chart: Chart, registries: tuple[Sealed, ...] = ()) -> str:
        """Return the digest of a reference now."""
        if not chart.ref or not chart.version:
            raise terminal("template_invalid", "a chart reference and its version are needed")
        allowed = self._allowed(chart.ref)
        login = self._login(allowed, registries)
        return await self._client.resolve(chart.ref, chart.version, plain_http=allowed.plain_http, login=login)

    async def _fetched(self, ref: str | None, version: str, digest: str, registries: tuple[Sealed, ...]) -> Fetched:
        """Return the archive from its registry, or, when that has it no more, as it was kept."""
        if ref is None:
            return await self._uploaded(digest)
        try:
            return await self._from_registry(ref, version, digest, registries)
        except OperationFailed as error:
            kept = await self._kept_archive(digest) if error.failure.code in GONE else None
            if kept is None:
                raise
            prove(digest, kept)
            log.info("chart_from_archive", digest=digest, because=error.failure.code)
            return kept

    async def _uploaded(self, digest: str) -> Fetched:
        try:
            kept = await self._keeper.fetch(digest) if self._keeper else None
        except BrokerError as error:
            words = "the chart was uploaded, and nobody answers who keeps it"
            raise transient("archive_unreachable", words) from error
        if kept is None:
            raise terminal("chart_not_found", "no chart with this digest was uploaded")
        prove(digest, kept)
        return kept

    async def _from_registry(self, ref: str, version: str, digest: str, registries: tuple[Sealed, ...]) -> Fetched:
        allowed = self._allowed(ref)
        login = self._login(allowed, registries)
        try:
            async with asyncio.timeout(FETCH_SEC):
                return await self._client.archive(ref, version, digest, plain_http=allowed.plain_http, login=login)
        except TimeoutError as error:
            words = f"the registry did not send the chart within {FETCH_SEC:.0f} s"
            raise transient("registry_unreachable", words) from error

    async def _kept_archive(self, digest: str) -> Fetched | None:
        """Return what was kept; None also when nobody can be asked: the registry's own trouble is told then."""
        try:
            return await self._keeper.fetch(digest) if self._keeper else None
        except BrokerError:
            return None

    def _allowed(self, ref: str) -> ChartRef:
        """Judge the reference by the executor's own list: a command cannot talk it into another registry."""
        try:
            return parse_chart_ref(ref, self._registries)
        except InvalidChartRef as error:
            raise terminal("registry_not_allowed", str(error)) from error

    def _login(self, allowed: ChartRef, registries: tuple[Sealed, ...]) -> Login | None:
        logins = self._keyring.open(each for each in registries if each.name == allowed.host)
        return msgspec.json.decode(logins[allowed.host], type=Login) if logins else None

    def _offer(self, digest: str, cached: Path) -> None:
        """Have the archive kept, beside the work; once a day, for one that nobody needed is forgotten."""
        now = asyncio.get_running_loop().time()
        if self._keeper is None or now < self._offered.get(digest, -OFFER_AGAIN_SEC) + OFFER_AGAIN_SEC:
            return
        self._offered[digest] = now
        task = asyncio.create_task(self._keep(self._keeper, digest, cached))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def _keep(self, keeper: Shelf, digest: str, cached: Path) -> None:
        try:
            manifest = _manifest_of(cached)
            fetched = Fetched(
                archive=await asyncio.to_thread(cached.read_bytes),
                manifest=await asyncio.to_thread(manifest.read_bytes) if manifest.exists() else b"",
            )
            prove(digest, fetched)
            await keeper.store(digest, fetched)
        except (BrokerError, OSError, OperationFailed) as error:
            log.info("chart_not_kept", digest=digest, error=type(error).__name__)
            self._offered.pop(digest, None)  # the next use offers it again

    def _store(self, fetched: Fetched, cached: Path) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        for content, place in ((fetched.manifest, _manifest_of(cached)), (fetched.archive, cached)):
            partial = self._cache / f"{PARTIAL}{new_id()}"
            try:
                partial.write_bytes(content)
                partial.rename(place)
            finally:
                partial.unlink(missing_ok=True)
        by_age = sorted(self._cache.glob("*.tgz"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in by_age[KEPT:]:
            old.unlink(missing_ok=True)
            _manifest_of(old).unlink(missing_ok=True)
        self._sweep(cached.stat().st_mtime)

    def _sweep(self, now: float) -> None:
        """Remove what a process left that was killed while it wrote; another one's that is being written stays."""
        for partial in self._cache.glob(f"{PARTIAL}*"):
            with contextlib.suppress(FileNotFoundError):
                if partial.stat().st_mtime < now - LEFT_SEC:
                    partial.unlink()


def _digest_of(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        content = path.read_bytes()
        found.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def _manifest_of(cached: Path) -> Path:
    return cached.with_suffix(".manifest.json")
