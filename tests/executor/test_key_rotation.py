"""A cluster's key is rotated: what was stored under the old one is sealed anew, by executors only, and nothing is lost."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from sqlalchemy import text

from slipway.clock import ManualClock
from slipway.database.engine import Database
from slipway.database.queries import registries, secrets
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import Sealed
from slipway.messaging.queries import RESEAL, ROTATE, RotateKey
from slipway_api.rotation import LEARN_SEC, RotationFailed, rotate
from slipway_api.sealing import seal
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.failing import OperationFailed
from slipway_executor.insight.keys import Resealing, Rotating
from slipway_executor.queries import Queries
from slipway_executor.sealing import KEY_SECRET, Keyring, keyring
from tests.support.rows import deploy, seed


@asynccontextmanager
async def executors(cluster: MemoryCluster, broker: MemoryBroker, rings: list[Keyring]) -> AsyncGenerator[None]:
    async with AsyncExitStack() as stack:
        for ring in rings:
            handlers = {ROTATE: Rotating(cluster, ring), RESEAL: Resealing(ring)}
            answering = broker.respond(subjects.queries("local"), Queries(handlers).answer, group="executors")
            await stack.enter_async_context(answering)
        yield


async def run(database: Database, broker: MemoryBroker, rings: list[Keyring], cluster: MemoryCluster) -> int:
    """Rotate, while every executor reads the keys again in the time that it is given for it."""
    clock = ManualClock()
    rotating = asyncio.create_task(rotate(database, broker, "local", clock))
    while not rotating.done():
        for ring in rings:
            ring.load(cluster.secrets[KEY_SECRET])
        await clock.advance(LEARN_SEC)
        await asyncio.sleep(0.01)
    return rotating.result()


async def test_stored_secrets_are_sealed_to_the_new_key_and_all_executors_open_them(
    database: Database, api_database: Database
):
    deployment = await deploy(database, await seed(database))
    cluster, broker = MemoryCluster(), MemoryBroker()
    rings = [await keyring(cluster) for _ in range(2)]
    old = rings[0].public_key
    async with database.writing() as session:
        await secrets.put(session, deployment, "/password", seal(old, b"correct horse"))
        await session.execute(
            text(
                "INSERT INTO deployment_revision (deployment_id, revision, generation, template_id, digest, succeeded,"
                " job_id, secrets_json) SELECT d.id, 1, 1, d.desired_template_id, 'x', true, gen_random_uuid(),"
                " jsonb_build_object(s.name, s.ciphertext) FROM deployment d JOIN deployment_secret s ON s.deployment_id = d.id"
            )
        )
        await registries.put(
            session, host="r.example.org", username="u", image_pull=True, sealed={"local": seal(old, b"login")}
        )
    async with executors(cluster, broker, rings):
        assert await run(api_database, broker, rings, cluster) == 2
        assert await run(api_database, broker, rings, cluster) == 2, "each rotation has a key of its own"
    assert {ring.public_key for ring in rings} != {old}
    async with database.reading() as session:
        stored = await secrets.of_cluster(session, "local")
        of_revision = (
            await session.execute(text("SELECT secrets_json ->> '/password' FROM deployment_revision"))
        ).scalar_one()
        [current] = await secrets.of_deployment(session, deployment)
    alone = Keyring(base64.b64decode(cluster.secrets[KEY_SECRET]["private"]))
    opened = [alone.open([Sealed(name="x", ciphertext=row.ciphertext)])["x"] for row in stored]
    assert sorted(opened) == ["correct horse", "login"]
    assert of_revision == current.ciphertext, "the same value is the same still: a rollback to it changes nothing"


async def test_commands_under_way_are_opened_with_the_key_before_and_no_older_one(api_database: Database):
    cluster, broker = MemoryCluster(), MemoryBroker()
    ring = await keyring(cluster)
    under_way = [Sealed(name="/password", ciphertext=seal(ring.public_key, b"correct horse"))]
    async with executors(cluster, broker, [ring]):
        await run(api_database, broker, [ring], cluster)
        assert ring.open(under_way) == {"/password": "correct horse"}
        await run(api_database, broker, [ring], cluster)
    with pytest.raises(OperationFailed, match="another key"):
        ring.open(under_way)


async def test_nobody_uses_a_key_that_another_executor_has_not_learnt():
    cluster = MemoryCluster()
    first, second = [await keyring(cluster) for _ in range(2)]
    prepared = await Rotating(cluster, first)(RotateKey(step="prepare"))
    assert first.public_key == second.public_key != prepared.public_key
    assert (await Rotating(cluster, second)(RotateKey(step="prepare"))).public_key == prepared.public_key
    promoted = await Rotating(cluster, second)(RotateKey(step="promote"))
    assert promoted.public_key == prepared.public_key == second.public_key
    fresh = [Sealed(name="x", ciphertext=seal(promoted.public_key, b"new"))]
    assert first.open(fresh) == {"x": "new"}, "it learnt the key when it was prepared"


async def test_a_value_that_was_set_in_between_is_not_overwritten(database: Database):
    deployment = await deploy(database, await seed(database))
    async with database.writing() as session:
        await secrets.put(session, deployment, "/password", "old")
        [row] = await secrets.of_cluster(session, "local")
        await session.execute(text("UPDATE deployment_secret SET ciphertext = 'newer'"))
        await secrets.swap(session, row, "resealed")
        assert [each.ciphertext for each in await secrets.of_cluster(session, "local")] == ["newer"]


async def test_without_an_executor_nothing_happens(api_database: Database):
    with pytest.raises(RotationFailed, match="no executor"):
        await rotate(api_database, MemoryBroker(), "local", ManualClock())
