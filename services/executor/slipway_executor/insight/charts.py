"""Which digest a chart reference has now."""

from slipway.messaging.queries import ResolveChart, ResolvedChart
from slipway_executor.charts.store import ChartStore


class Resolving:
    def __init__(self, charts: ChartStore) -> None:
        self._charts = charts

    async def __call__(self, asked: ResolveChart) -> ResolvedChart:
        return ResolvedChart(digest=await self._charts.resolve(asked.chart, asked.registries))
