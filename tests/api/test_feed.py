"""The live feed: what was missed comes from the table, what is new from NATS, each event once and to its owner only."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec

from slipway.clock import SystemClock
from slipway.database.engine import Database
from slipway.database.queries import feed, outbox
from slipway.domain.events import SYSTEM, Actor, CloudEvent, EventType
from slipway.messaging import subjects
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.messages import encode
from slipway_api.live import QUEUE, LiveFeed
from tests.api.conftest import World, pointers, refused

TELLER = Actor(kind=SYSTEM, id="test")


async def tell(database: Database, world: World, count: int = 1, *, of_other: bool = False) -> list[CloudEvent]:
    """Write events, number them as the relay does, and return all that is in the table by now."""
    deployment = world.others_deployment if of_other else world.deployment
    for _ in range(count):
        async with database.writing() as session:
            await outbox.record(session, EventType.DEPLOYMENT_READY, actor=TELLER, data={}, deployment=deployment)
    async with database.writing() as session:
        await feed.stamp(session)
    async with database.reading() as session:
        head = await feed.head(session)
        return [feed.cloud_event(row, head.uid) for row in await feed.page(session, epoch=0, pos=0, limit=10_000)]


async def publish(broker: JetStreamBroker, event: CloudEvent) -> None:
    await broker.publish(subjects.events(None), encode(event), message_id=event.id)


@asynccontextmanager
async def running(live: LiveFeed) -> AsyncGenerator[None]:
    task = asyncio.create_task(live.run(asyncio.Event()))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def take(events: AsyncIterator[CloudEvent], count: int) -> list[int]:
    async with asyncio.timeout(20):
        return [(await anext(events)).slipwaypos for _ in range(count)]


async def test_what_was_missed_comes_from_the_table(database: Database, api_database: Database, world: World):
    await tell(database, world, 3)
    live = LiveFeed(api_database, None, SystemClock())
    assert await take(live.follow(after=(0, 0), owner=None), 3) == [1, 2, 3]
    assert await take(live.follow(after=(1, 1), owner=None), 2) == [2, 3]


async def test_only_ones_own_events_are_seen(database: Database, api_database: Database, world: World):
    await tell(database, world)
    await tell(database, world, of_other=True)
    await tell(database, world)
    live = LiveFeed(api_database, None, SystemClock())
    assert await take(live.follow(after=(0, 0), owner=world.mine.user), 2) == [1, 3]
    assert await take(live.follow(after=(0, 0), owner=world.other.user), 1) == [2]


async def test_new_events_follow_the_missed_ones_without_a_gap_or_a_repetition(
    database: Database, api_database: Database, world: World, broker: JetStreamBroker
):
    live = LiveFeed(api_database, broker, SystemClock())
    told = await tell(database, world, 2)
    following = live.follow(after=(0, 0), owner=None)
    assert await take(following, 2) == [1, 2]
    told = await tell(database, world, 3)
    live._give(told[1])  # was seen
    live._give(told[4])  # two before it never came over NATS
    assert await take(following, 3) == [3, 4, 5]


async def test_events_come_over_nats(database: Database, api_database: Database, world: World, broker: JetStreamBroker):
    live = LiveFeed(api_database, broker, SystemClock())
    async with running(live):
        following = live.follow(after=(0, 0), owner=world.mine.user)
        coming = asyncio.ensure_future(take(following, 2))
        async with asyncio.timeout(20):
            while not live.clients:
                await asyncio.sleep(0)
        for event in await tell(database, world, 2):
            await publish(broker, event)
        assert await coming == [1, 2]


async def test_a_client_that_does_not_keep_up_is_let_go(database: Database, api_database: Database, world: World):
    live = LiveFeed(api_database, None, SystemClock())
    told = await tell(database, world, 2)
    following = live.follow(after=(0, 0), owner=None)
    assert await take(following, 1) == [1]
    later = msgspec.structs.replace(told[0], slipwaypos=3)
    for _ in range(QUEUE + 1):
        live._give(later)
    assert live.clients == 0
    async with asyncio.timeout(20):
        assert len([event async for event in following]) < QUEUE  # it ends


async def test_a_made_up_place_in_the_feed_is_refused(api: httpx.AsyncClient, world: World):
    for place in ("1", "a-b", "1-1; DROP", "-1-1", "9" * 40):
        answer = await api.get("/events", headers={**world.as_user, "Last-Event-ID": place})
        assert pointers(answer) == ["/Last-Event-ID"]
    refused(await api.get("/events", headers={"Last-Event-ID": "1-1"}), 401, "unauthenticated")
