"""The whole system with a collector of traces: what operators see of it, and what they do when a store was lost."""

from collections.abc import AsyncIterator, Iterator

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Plan, Stack
from tests.faults.system import LIMITS, System, sign_in
from tests.operations.collector import Collector, collecting
from tests.support import servers, systems


@pytest.fixture(scope="package")
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture(scope="package")
async def stack(collector: Collector) -> AsyncIterator[Stack]:
    exporting = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    async with systems.running(Plan(state=servers.state_folder(), extra={**LIMITS, **exporting})) as found:
        yield found


@pytest.fixture(scope="package")
async def token(stack: Stack) -> str:
    return await sign_in(stack)


@pytest.fixture
async def system(stack: Stack, token: str) -> AsyncIterator[System]:
    async with SlipwayClient(stack.api_url, token=token) as client:
        yield System(stack, client, token)
