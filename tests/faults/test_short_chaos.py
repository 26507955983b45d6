"""A short run of `make chaos`: random changes while services are killed, and every invariant holds at the end."""

import pytest

from slipway.dev.stack import Stack
from tests.chaos.operations import draw, offered
from tests.chaos.run import run
from tests.faults.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
SEED = 75
OPERATIONS, DEPLOYMENTS = 40, 6


async def test_forty_operations_on_six_deployments(stack: Stack, token: str, system: System):
    verbs = offered(await system.client.get("/openapi.json"))
    drawn = draw(SEED, operations=OPERATIONS, deployments=DEPLOYMENTS, verbs=verbs)
    assert [each.kill for each in drawn if each.kill] == ["executor-1", "scheduler-1"], "what this seed kills"
    told = await run(stack, token, SEED, operations=OPERATIONS, deployments=DEPLOYMENTS)
    assert sum(count for what, count in told.items() if what.startswith("killed")) == 2
    assert told["create"] >= DEPLOYMENTS
