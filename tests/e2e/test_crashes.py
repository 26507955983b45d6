"""Processes are killed and NATS loses its data: what was accepted is carried out all the same."""

import asyncio
import os
import signal

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Stack
from tests.e2e.watching import Watcher

pytestmark = pytest.mark.e2e


async def test_two_executors_share_twenty_deployments(watcher: Watcher, client: SlipwayClient):
    hello = (await watcher.product("Hello"))["template"]
    asked = await asyncio.gather(*(watcher.deploy(hello) for _ in range(20)))
    ready = await asyncio.gather(*(watcher.until(each, {"ready", "error"}) for each in asked))
    assert {each["status"] for each in ready} == {"ready"}
    releases = {release["name"] for release in await watcher.helm("list", "-A", "--max", "0")}
    assert {each["release_name"] for each in ready} <= releases
    workers = set()
    for each in ready:
        events = await watcher.events(each)
        assert [event["slipwayseq"] for event in events] == list(range(1, len(events) + 1))
        workers |= {event["data"]["actor"]["id"] for event in events if event["type"].endswith("ready.v1")}
    assert len(workers) == 2


async def test_nothing_is_lost_when_nats_comes_back_without_its_data(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    """Row 14."""
    hello = (await watcher.product("Hello"))["template"]
    asked = [await watcher.deploy(hello) for _ in range(3)]
    await stack.restart_nats(wipe=True)
    asked += [await watcher.deploy(hello) for _ in range(3)]
    ready = [await watcher.until(each, {"ready", "error"}) for each in asked]
    assert {each["status"] for each in ready} == {"ready"}


async def test_a_scheduler_that_is_killed_is_not_missed(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row 3, with another one that goes on."""
    hello = (await watcher.product("Hello"))["template"]
    os.kill(stack.services["scheduler-1"].pid, signal.SIGKILL)
    deployment = await watcher.deploy(hello)
    assert (await watcher.until(deployment, {"ready", "error"}))["status"] == "ready"
    del stack.services["scheduler-1"]
    await stack.start_service("scheduler-1")
