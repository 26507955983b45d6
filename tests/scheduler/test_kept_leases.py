"""Kubernetes Leases of deleted deployments: which ones executors are told to remove, and when no more."""

from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from slipway.database.engine import Database
from slipway.domain.failures import Failure, FailureClass
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import encode
from slipway.messaging.queries import ForgetLeases, ForgottenLeases
from slipway_scheduler.kept_leases import KeptLeases
from tests.support.rows import deploy, seed

OLD = "UPDATE deployment SET status = 'deleted', deleted_at = now() - interval '{}' WHERE id = '{}'"


class World:
    def __init__(self, superuser: Database, scheduler: Database) -> None:
        self._superuser = superuser
        self.broker = MemoryBroker()
        self.leases = KeptLeases(scheduler, self.broker)
        self.asked: list[tuple[UUID, ...]] = []
        self.held: set[UUID] = set()
        """Leases that somebody writes just now."""
        self.failure: Failure | None = None

    async def reply(self, subject: str, request: bytes) -> bytes:
        asked = msgspec.json.decode(request, type=ForgetLeases).deployments
        self.asked.append(asked)
        gone = () if self.failure else tuple(each for each in asked if each not in self.held)
        return encode(ForgottenLeases(deployments=gone, failure=self.failure))

    async def do(self, statement: str) -> None:
        async with self._superuser.writing() as session:
            await session.execute(text(statement))


@pytest.fixture
async def world(database: Database, scheduler_database: Database) -> AsyncIterator[World]:
    made = World(database, scheduler_database)
    async with made.broker.respond(subjects.queries("local"), made.reply, group="executors"):
        yield made


async def test_a_lease_is_removed_once_a_week_after_the_delete(world: World, database: Database):
    seeded = await seed(database)
    old, recent, _live = [await deploy(database, seeded, number) for number in range(3)]
    await world.do(OLD.format("7 days 1 minute", old))
    await world.do(OLD.format("6 days 23 hours", recent))
    assert await world.leases.run_once() == 1
    assert world.asked == [(old,)], "those that live or went of late keep theirs"
    assert (await world.leases.run_once(), len(world.asked)) == (0, 1)


async def test_what_was_not_removed_is_asked_for_again(world: World, database: Database):
    old = await deploy(database, await seed(database))
    await world.do(OLD.format("8 days", old))
    world.held.add(old)
    assert await world.leases.run_once() == 0
    world.failure = Failure(failure_class=FailureClass.TRANSIENT, code="unknown_query", reason="an older executor")
    assert await world.leases.run_once() == 0
    world.failure, world.held = None, set()
    assert await world.leases.run_once() == 1


async def test_a_cluster_without_executors_holds_up_no_other(world: World, database: Database):
    seeded = await seed(database)
    await world.do("INSERT INTO cluster (name) VALUES ('away')")
    away, old = await deploy(database, seeded, 1, cluster="away"), await deploy(database, seeded, 2)
    await world.do(OLD.format("9 days", away))
    await world.do(OLD.format("8 days", old))
    assert await world.leases.run_once() == 1
    assert world.asked == [(old,)]
