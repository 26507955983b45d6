"""The live feed: what was missed comes from the table, what is new from NATS, each event once and to its owner only."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest
from sqlalchemy import text

from slipway.clock import ManualClock, SystemClock
from slipway.database.engine import Database
from slipway.database.queries import feed, outbox
from slipway.domain.events import SYSTEM, Actor, CloudEvent, EventType
from slipway.identity import new_id
from slipway.lifecycle import end
from slipway.messaging import subjects
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.messages import encode
from slipway_api.auth.gate import identify
from slipway_api.deps import Deps
from slipway_api.live import QUEUE, LiveFeed
from slipway_api.live_lines import Line
from slipway_api.routes.events import CHECK_SEC, _lines
from tests.api.conftest import World, pointers, refused
from tests.support.told import metric

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
        await end(task)


async def take(events: AsyncIterator[Line | None], count: int) -> list[int]:
    async with asyncio.timeout(20):
        found = [await anext(events) for _ in range(count)]
    return [each.position[1] for each in found if each and each.position]


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


async def test_an_event_that_came_while_the_subscription_was_broken_is_seen_when_it_is_back(
    database: Database, api_database: Database, world: World, broker: JetStreamBroker
):
    """Row 17: it was the last one for a long time, so that no later one brings it along."""
    await tell(database, world)
    live = LiveFeed(api_database, broker, SystemClock())
    following = live.follow(after=(0, 0), owner=None)
    assert await take(following, 1) == [1]
    told = await tell(database, world)
    await publish(broker, told[1])
    async with running(live):
        assert await take(following, 1) == [2]


async def test_an_event_of_a_kind_that_is_not_known_yet_is_passed_on(
    database: Database, api_database: Database, world: World, broker: JetStreamBroker
):
    """Row 58."""
    [told] = await tell(database, world)
    live = LiveFeed(api_database, broker, SystemClock())
    following = live.follow(after=(0, 0), owner=None)
    assert await take(following, 1) == [1]
    newer = msgspec.to_builtins(told) | {
        "type": "dev.slipway.deployment.teleported.v2", "slipwaypos": 2, "slipwaynew": {"x": 1},
    }  # fmt: skip
    async with running(live), asyncio.timeout(20):
        coming = asyncio.ensure_future(anext(following))
        while not coming.done():
            await broker.publish(subjects.events(None), msgspec.json.encode(newer), message_id=str(new_id()))
        event = await coming
    assert event
    place, kind, data = event.sent.decode().strip().split("\n")
    assert (place, kind) == ("id: 1-2", f"event: {newer['type']}")
    assert msgspec.json.decode(data.removeprefix("data: "))["slipwaypos"] == 2


async def test_a_client_that_does_not_keep_up_is_let_go(database: Database, api_database: Database, world: World):
    """Row 55."""
    live = LiveFeed(api_database, None, SystemClock())
    told = await tell(database, world, 2)
    following = live.follow(after=(0, 0), owner=None)
    assert await take(following, 1) == [1]
    later = msgspec.structs.replace(told[0], slipwaypos=3)
    dropped = metric("slipway_live_clients_dropped_total")
    for _ in range(QUEUE + 1):
        live._give(later)
    assert live.clients == 0
    assert metric("slipway_live_clients_dropped_total") == dropped + 1
    async with asyncio.timeout(20):
        assert len([event async for event in following]) < QUEUE  # it ends


async def test_what_is_missing_is_noticed_also_by_those_who_do_not_see_what_comes_next(
    database: Database, api_database: Database, world: World
):
    live = LiveFeed(api_database, None, SystemClock())
    following = live.follow(after=(0, 0), owner=world.mine.user)
    [first] = await tell(database, world)
    assert await take(following, 1) == [1]
    live._give(first)
    await tell(database, world)  # it never comes over NATS
    others = await tell(database, world, of_other=True)
    live._give(others[-1])
    assert await take(following, 1) == [2]


async def test_an_event_reaches_the_queues_of_those_only_who_may_see_it(
    database: Database, api_database: Database, world: World
):
    live = LiveFeed(api_database, None, SystemClock())
    told = await tell(database, world, 2)
    everything, mine, others = (
        live.follow(after=(0, 0), owner=owner) for owner in (None, world.mine.user, world.other.user)
    )
    assert await take(everything, 2) == await take(mine, 2) == [1, 2]
    waiting = asyncio.ensure_future(anext(others))
    while live.clients < 3:
        await asyncio.sleep(0)
    live._give(told[-1])
    waits = {client.owner: len(client.coming) for client in live._all()}
    assert waits[world.other.user] < waits[None] == waits[world.mine.user]
    waiting.cancel()


async def test_an_event_is_encoded_once_however_many_are_sent_it(database: Database, deps: Deps, world: World):
    """Counted where they go to the server: the same bytes for all."""
    [first] = await tell(database, world)
    deps.live._give(first)  # what comes next leaves no gap
    feeds = [
        _lines(deps, await identify(deps, header), header, (0, 0), progress=False)
        for header in [world.as_user["Authorization"], *[world.as_admin["Authorization"]] * 9]
    ]
    for each in feeds:
        assert [(await anext(each))[:7] for _ in range(2)] == [b": conne", b"id: 1-1"]
    waiting = [asyncio.ensure_future(anext(each)) for each in feeds]
    deps.live._give((await tell(database, world))[1])
    async with asyncio.timeout(20):
        sent = await asyncio.gather(*waiting)
    assert {each[:7] for each in sent} == {b"id: 1-2"}
    assert len({id(each) for each in sent}) == 1
    for each in feeds:
        await each.aclose()


async def test_a_client_hears_that_it_is_quiet(api_database: Database):
    live = LiveFeed(api_database, None, SystemClock())
    following = live.follow(after=None, owner=None, quiet_sec=0.0)
    assert [await anext(following) for _ in range(2)] == [None, None]


@pytest.mark.parametrize("role", ["kept", "lost", "given"])
async def test_a_feed_ends_within_a_minute_of_its_user_becoming_or_ceasing_to_be_an_admin(
    database: Database, deps: Deps, world: World, address: str, clock: ManualClock, role: str
):
    who, headers = (world.mine.user, world.as_user) if role == "given" else (world.admin, world.as_admin)
    await tell(database, world)
    since = {**headers, "Last-Event-ID": "0-0"}
    async with (
        asyncio.timeout(30),
        httpx.AsyncClient() as client,
        client.stream("GET", f"{address}/api/v1/events", headers=since) as feed_of_user,
    ):
        ids = (line async for line in feed_of_user.aiter_lines() if line.startswith("id: "))
        assert await anext(ids) == "id: 1-1"
        async with database.writing() as session:
            await session.execute(
                text("UPDATE users SET is_admin = :admin WHERE id = :id"), {"admin": role != "lost", "id": who}
            )
        await clock.advance(CHECK_SEC)
        deps.live._give((await tell(database, world))[1])
        heard = [line async for line in ids] if role != "kept" else [await anext(ids)]
    assert heard == (["id: 1-2"] if role == "kept" else [])


async def test_a_made_up_place_in_the_feed_is_refused(api: httpx.AsyncClient, world: World):
    for place in ("1", "a-b", "1-1; DROP", "-1-1", "9" * 40):
        answer = await api.get("/events", headers={**world.as_user, "Last-Event-ID": place})
        assert pointers(answer) == ["/Last-Event-ID"]
    refused(await api.get("/events", headers={"Last-Event-ID": "1-1"}), 401, "unauthenticated")


async def test_a_process_that_stops_ends_the_feed_of_every_client(api_database: Database):
    live = LiveFeed(api_database, None, SystemClock())
    await live.run(asyncio.Event())
    waiting = [asyncio.ensure_future(anext(live.follow(after=None, owner=None), None)) for _ in range(2)]
    while live.clients < 2:
        await asyncio.sleep(0)
    assert metric("slipway_live_clients") == 2
    live.end()
    assert await asyncio.gather(*waiting) == [None, None]
    assert metric("slipway_live_clients") == 0
