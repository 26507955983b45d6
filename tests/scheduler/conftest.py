"""A scheduler to test with."""

import pytest

from slipway.database.engine import Database
from slipway.messaging.memory import MemoryBroker
from tests.scheduler.world import World
from tests.support.rows import seed


@pytest.fixture
async def world(database: Database, scheduler_database: Database) -> World:
    broker = MemoryBroker()
    await broker.ensure_topology(["local"])
    return World(database, scheduler_database, broker, await seed(database))
