"""The executor's charts: what a command names becomes a file that Helm may load."""

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path

from slipway.domain.charts import InvalidChartRef, Registries, parse_chart_ref
from slipway.messaging.messages import Chart
from slipway_executor.charts import archive
from slipway_executor.charts.fetch import ChartClient
from slipway_executor.failing import needs_person, terminal

KEPT = 200
"""Archives in the cache; the least recently used go."""


class ChartStore:
    def __init__(self, client: ChartClient, *, cache: Path, builtin: Path, registries: Registries) -> None:
        self._client = client
        self._cache = cache
        self._builtin = builtin
        self._registries = registries
        self._fetching: dict[str, asyncio.Lock] = {}

    async def path(self, chart: Chart) -> Path:
        """Return the chart's place on disk, fetched and checked if need be. OperationFailed says why not."""
        if chart.builtin:
            folder = self._builtin / chart.builtin
            if not (folder / "Chart.yaml").exists():
                raise needs_person("builtin_missing", f"the built-in chart {chart.builtin} is not installed")
            return folder
        if not chart.ref or not chart.version or not chart.digest:
            raise terminal("template_invalid", "the template names no chart, version or digest")
        kept = self._cache / f"{chart.digest.replace(':', '-')}.tgz"
        async with self._fetching.setdefault(chart.digest, asyncio.Lock()):
            if not kept.exists():
                await self._fetch(chart.ref, chart.version, chart.digest, kept)
        with contextlib.suppress(FileNotFoundError):
            os.utime(kept)
        return kept

    async def resolve(self, chart: Chart) -> str:
        """Return the digest of a reference now."""
        if not chart.ref or not chart.version:
            raise terminal("template_invalid", "a chart reference and its version are needed")
        return await self._client.resolve(chart.ref, chart.version, plain_http=self._plain_http(chart.ref))

    async def _fetch(self, ref: str, version: str, digest: str, kept: Path) -> None:
        content = await self._client.archive(ref, version, digest, plain_http=self._plain_http(ref))
        await asyncio.to_thread(archive.check, content)
        await asyncio.to_thread(self._keep, content, kept)

    def _plain_http(self, ref: str) -> bool:
        """Judge the reference by the executor's own list: a command cannot talk it into another registry."""
        try:
            return parse_chart_ref(ref, self._registries).plain_http
        except InvalidChartRef as error:
            raise terminal("registry_not_allowed", str(error)) from error

    def _keep(self, content: bytes, kept: Path) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._cache, delete=False) as fresh:
            fresh.write(content)
        Path(fresh.name).rename(kept)
        by_age = sorted(self._cache.glob("*.tgz"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in by_age[KEPT:]:
            old.unlink(missing_ok=True)
