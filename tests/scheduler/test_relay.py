"""Positions without a gap, a stream without a duplicate, whoever relays and whatever happened to the stream."""

import asyncio

import msgspec
import pytest
from sqlalchemy import text

from slipway.database.engine import Database
from slipway.database.queries import feed, outbox
from slipway.database.restoring import restored
from slipway.domain.events import Actor, CloudEvent, EventType
from slipway.messaging import subjects
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.memory import MemoryBroker
from slipway_scheduler.relay import Relay, RelayAhead
from tests.support.told import metric

ACTOR = Actor(kind="system", id="test")


async def write(database: Database, count: int) -> None:
    for number in range(count):
        async with database.writing() as session:
            await outbox.record(
                session, EventType.PRODUCT_CREATED, actor=ACTOR, data={"n": number}, subject="products/x"
            )


async def positions(broker: JetStreamBroker, count: int) -> list[int]:
    found: list[int] = []
    async with asyncio.timeout(20):
        async for delivery in broker.read_stream(subjects.EVENTS_STREAM, start_sequence=1):
            found.append(msgspec.json.decode(delivery.data, type=CloudEvent).slipwaypos)
            if len(found) == count:
                return found
    return found


async def test_events_are_published_once_in_order(
    database: Database, scheduler_database: Database, broker: JetStreamBroker
):
    relay, published = Relay(scheduler_database, broker), metric("slipway_events_published_total")
    await write(database, 3)
    assert await relay.run_once() == 3
    await write(database, 2)
    assert await relay.run_once() == 2
    assert await relay.run_once() == 0
    assert await positions(broker, 5) == [1, 2, 3, 4, 5]
    assert metric("slipway_events_published_total") == published + 5


async def test_two_relays_at_once_publish_nothing_twice(
    database: Database, scheduler_database: Database, broker: JetStreamBroker
):
    await write(database, 30)
    relays = [Relay(scheduler_database, broker) for _ in range(3)]
    await asyncio.gather(*(relay.run_once() for relay in relays))
    assert await positions(broker, 30) == list(range(1, 31))
    assert (await broker.last_message(subjects.EVENTS_STREAM)).sequence == 30


async def test_a_stream_that_lost_its_data_is_filled_again(
    database: Database, scheduler_database: Database, broker: JetStreamBroker
):
    relay = Relay(scheduler_database, broker)
    await write(database, 4)
    await relay.run_once()
    await broker.delete_stream(subjects.EVENTS_STREAM)
    await broker.ensure_topology(["local"])
    await write(database, 1)
    await relay.run_once()
    assert await positions(broker, 5) == [1, 2, 3, 4, 5]


async def test_concurrent_writers_leave_no_gap(
    database: Database, scheduler_database: Database, broker: JetStreamBroker
):
    relay = Relay(scheduler_database, broker)
    await asyncio.gather(*(write(database, 5) for _ in range(6)), *(relay.run_once() for _ in range(6)))
    await relay.run_once()
    assert await positions(broker, 30) == list(range(1, 31))


async def test_a_stream_ahead_of_the_database_stops_the_relay(
    database: Database, scheduler_database: Database, broker: JetStreamBroker
):
    await write(database, 2)
    await Relay(scheduler_database, broker).run_once()
    async with database.writing() as session:
        await session.execute(text("ALTER TABLE outbox_event DISABLE TRIGGER keep_outbox"))
        await session.execute(text("DELETE FROM outbox_event"))
        await session.execute(text("UPDATE feed SET pos = 0"))
    await write(database, 1)
    relay = Relay(scheduler_database, broker)
    with pytest.raises(RelayAhead):
        await relay.run_once()
    with pytest.raises(RelayAhead):
        await relay.check()
    assert (await broker.last_message(subjects.EVENTS_STREAM)).sequence == 2


async def test_nobody_numbers_events_while_the_stream_is_ahead(
    database: Database, scheduler_database: Database, broker: JetStreamBroker
):
    """Else two events would have one position: the one that was lost, which subscribers have, and a new one."""
    await write(database, 3)
    running = Relay(scheduler_database, broker)
    await running.run_once()
    async with database.writing() as session:
        await session.execute(text("ALTER TABLE outbox_event DISABLE TRIGGER keep_outbox"))
        await session.execute(text("DELETE FROM outbox_event WHERE pos > 1"))
        await session.execute(text("UPDATE feed SET pos = 1"))
        await session.execute(text("ALTER TABLE outbox_event ENABLE TRIGGER keep_outbox"))
    await write(database, 1)
    for relay in (running, Relay(scheduler_database, broker), running):
        with pytest.raises(RelayAhead):
            await relay.run_once()
    async with scheduler_database.reading() as session:
        assert (await feed.head(session)).pos == 1

    done = await restored(scheduler_database, beyond=4, actor=ACTOR)

    assert (done.epoch, done.previous_epoch) == (5, 1), "beyond what the stream had, were it restored twice"
    assert await running.run_once() == 2
    last = (await broker.last_message(subjects.EVENTS_STREAM)).data
    assert last is not None
    event = msgspec.json.decode(last, type=CloudEvent)
    assert (event.slipwayepoch, event.slipwaypos) == (5, 2)
    assert await positions(broker, 5) == [1, 2, 3, 1, 2]


async def test_nothing_is_numbered_before_the_stream_was_seen(database: Database, scheduler_database: Database):
    """It may know more than a database that was restored to an earlier time."""
    broker = MemoryBroker()
    await broker.ensure_topology(["local"])
    await write(database, 2)
    broker.connected = False
    relay = Relay(scheduler_database, broker)
    assert await relay.run_once() == 0
    async with database.reading() as session:
        assert (await session.execute(text("SELECT count(pos) FROM outbox_event"))).scalar_one() == 0
    broker.connected = True
    assert await relay.run_once() == 2
