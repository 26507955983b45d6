"""Which digest a chart reference has now, and what a chart says of itself."""

import asyncio

import msgspec

from slipway.messaging.queries import InspectChart, InspectedChart, ResolveChart, ResolvedChart
from slipway_executor.charts.reading import read
from slipway_executor.charts.store import ChartStore


class Resolving:
    def __init__(self, charts: ChartStore) -> None:
        self._charts = charts

    async def __call__(self, asked: ResolveChart) -> ResolvedChart:
        return ResolvedChart(digest=await self._charts.resolve(asked.chart, asked.registries))


class Inspecting:
    def __init__(self, charts: ChartStore) -> None:
        self._charts = charts

    async def __call__(self, asked: InspectChart) -> InspectedChart:
        digest = asked.chart.digest or await self._charts.resolve(asked.chart, asked.registries)
        chart = msgspec.structs.replace(asked.chart, digest=digest, builtin=None)
        path = await self._charts.path(chart, asked.registries)
        return await asyncio.to_thread(read, path, digest)
