"""Answers live questions of the API. Each has a deadline on the asking side; nothing is stored."""

import msgspec

from slipway.messaging.messages import encode
from slipway.messaging.queries import ResolveChart, ResolvedChart
from slipway_executor.charts.store import ChartStore
from slipway_executor.failing import OperationFailed


class Queries:
    def __init__(self, charts: ChartStore) -> None:
        self._charts = charts

    async def resolve(self, subject: str, request: bytes) -> bytes | None:  # noqa: ARG002 - a responder's signature
        """Answer which digest a chart reference has now."""
        asked = msgspec.json.decode(request, type=ResolveChart)
        try:
            return encode(ResolvedChart(digest=await self._charts.resolve(asked.chart, asked.registries)))
        except OperationFailed as error:
            return encode(ResolvedChart(failure=error.failure))
