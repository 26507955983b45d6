"""How far jobs are, over the live feed: to their owner and to admins, and only to those who ask for it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest

from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.messages import JobPhase, Progress, encode
from slipway_api.auth.gate import identify
from slipway_api.deps import Deps
from slipway_api.live import FOR_PROGRESS, LiveFeed
from slipway_api.live_lines import Line
from slipway_api.live_progress import LiveProgress
from slipway_api.routes.events import _lines
from tests.api.conftest import World


def told(owner: UUID, *, ready: int = 1, deployment: UUID | None = None) -> Progress:
    return Progress(
        job=new_id(), fence=1, deployment=deployment or new_id(), owner=owner, cluster="local", generation=2,
        phase=JobPhase.WATCHING, ready=ready, total=3,
    )  # fmt: skip


async def hear(live: LiveFeed, progress: Progress) -> None:
    await LiveProgress(None, live).hear(subjects.progress(progress.cluster, progress.deployment), encode(progress))


async def feed_of(deps: Deps, headers: dict[str, str], *, progress: bool = True) -> AsyncIterator[bytes]:
    header = headers["Authorization"]
    return _lines(deps, await identify(deps, header), header, None, progress=progress)


async def test_owners_and_admins_hear_it(deps: Deps, world: World):
    feeds = [await feed_of(deps, each) for each in (world.as_user, world.as_other, world.as_admin)]
    for feed in feeds:
        assert await anext(feed) == b": connected\n\n"
    coming = [asyncio.ensure_future(anext(feed)) for feed in feeds]  # type: ignore[arg-type]
    while deps.live.clients < 3:
        await asyncio.sleep(0)
    mine, theirs = told(world.mine.user, deployment=world.deployment), told(world.other.user, ready=2)
    for each in (mine, theirs):
        await hear(deps.live, each)
    assert [_data(await each)["ready"] for each in coming] == [1, 2, 1]
    assert await coming[0] is await coming[2], "encoded once for both"
    text = _data(await coming[0])
    assert text == {
        "deployment": str(world.deployment), "job": str(mine.job), "generation": 2, "phase": "watching", "ready": 1,
        "total": 3,
    }  # fmt: skip
    for feed in feeds:
        await feed.aclose()  # type: ignore[attr-defined]
    assert deps.live.clients == 0


def _data(event: bytes) -> Any:
    name, data = event.decode().strip().split("\n")
    assert name == "event: progress", "and no id: a place in the feed is that of an event"
    return msgspec.json.decode(data.removeprefix("data: "))


async def following(live: LiveFeed, owner: UUID) -> AsyncGenerator[Line | None]:
    """Return a feed with progress that has begun, and given back what was there."""
    feed = live.follow(after=None, owner=owner, quiet_sec=0, progress=True)
    assert await anext(feed) is None
    return feed


async def test_a_message_on_anothers_subject_is_dropped(deps: Deps, world: World):
    feed = await following(deps.live, world.mine.user)
    await LiveProgress(None, deps.live).hear(subjects.progress("local", new_id()), encode(told(world.mine.user)))
    assert await anext(feed) is None
    await feed.aclose()


async def test_who_does_not_keep_up_misses_some(deps: Deps, world: World):
    feed = await following(deps.live, world.mine.user)
    for ready in range(FOR_PROGRESS + 5):
        await hear(deps.live, told(world.mine.user, ready=ready))
    assert [_data(each.sent)["ready"] async for each in _come(feed)] == list(range(FOR_PROGRESS))
    await feed.aclose()


async def _come(feed: AsyncGenerator[Line | None]) -> AsyncIterator[Line]:
    while each := await anext(feed):
        yield each


@pytest.mark.servers
async def test_it_comes_over_nats(broker: JetStreamBroker, deps: Deps, world: World):
    stop = asyncio.Event()
    running = asyncio.create_task(LiveProgress(broker, deps.live).run(stop))
    feed = await following(deps.live, world.mine.user)
    async with asyncio.timeout(20):
        while await anext(feed) is None:
            mine = told(world.mine.user)
            await broker.send(subjects.progress("local", mine.deployment), encode(mine))
            await asyncio.sleep(0)
    await feed.aclose()
    stop.set()
    await running
