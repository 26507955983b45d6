"""PostgreSQL and NATS of the tests as containers, as on a machine whose Docker engine answers."""

import asyncpg
import nats
import pytest
from testcontainers.core.config import testcontainers_config

from tests.images.base import ensure_bases
from tests.images.engine import Engine
from tests.support import servers

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture
async def answering(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    await ensure_bases(engine)
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)  # the image of its reaper cannot be pulled


@pytest.mark.usefixtures("answering")
async def test_postgresql_counts_statements():
    async with servers.postgres() as dsn:
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("SHOW shared_preload_libraries") == servers.STATEMENTS
        await connection.close()


@pytest.mark.usefixtures("answering")
async def test_nats_has_jetstream():
    async with servers.nats() as address:
        client = await nats.connect(address.url)
        stream = await client.jetstream().add_stream(name="tried", subjects=["tried"])
        assert stream.config.name == "tried"
        await client.close()
