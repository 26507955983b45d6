"""What several tests of the executor stand on."""

from collections.abc import AsyncIterator

import pytest

from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from tests.executor.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    broker = MemoryBroker()
    await broker.ensure_topology(["local"])
    made = World(broker)
    async with (
        broker.respond(subjects.CLAIM_ALL, made.claim, group="s"),
        broker.respond(subjects.BEAT_ALL, made.beat, group="s"),
    ):
        yield made
