"""Auditors read the feed: on NATS with proof of completeness, over HTTP as server-sent events."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import ADMIN_EMAIL, Stack
from slipway.domain.event_data import EVENT_DATA
from slipway.domain.events import CloudEvent, EventType
from slipway.messaging import subjects
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.permissions import AUDIT
from tests.e2e.watching import Watcher

pytestmark = pytest.mark.e2e


async def test_the_stream_has_every_event_of_the_table_in_order(watcher: Watcher, stack: Stack):
    hello = (await watcher.product("Hello"))["template"]
    deployment = await watcher.until(await watcher.deploy(hello), {"ready"})
    wanted = {event["id"] for event in await watcher.events(deployment)}
    broker = JetStreamBroker(stack.nats_url_of(AUDIT), name="auditor", ca=stack.nats_ca)
    await broker.wait_connected()
    positions: list[int] = []
    async with asyncio.timeout(60):
        async for delivery in broker.read_stream(subjects.EVENTS_STREAM, start_sequence=1):
            event = msgspec.json.decode(delivery.data, type=CloudEvent)
            positions.append(event.slipwaypos)
            msgspec.convert(event.data, EVENT_DATA[EventType(event.type)])
            wanted.discard(event.id)
            if not wanted:
                break
    await broker.close()
    assert positions == list(range(positions[0], positions[0] + len(positions)))
    assert positions[0] == 1


async def test_events_tail_prints_them_and_ends_well(stack: Stack):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from slipway.cli.main import main; main()", "events", "tail", "--from-start", "--count", "3",
        env={"NATS_URL": stack.nats_url_of(AUDIT), "NATS_CA": stack.nats_ca, "PATH": "/usr/bin:/bin"}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    lines = output.decode().splitlines()
    assert process.returncode == 0
    assert [line.split()[0] for line in lines] == ["1-1", "1-2", "1-3"]
    assert stack.admin_password not in output.decode()


async def test_server_sent_events_show_own_events_and_resume(watcher: Watcher, client: SlipwayClient, stack: Stack):
    hello = (await watcher.product("Hello"))["template"]
    await client.post("/users", {"email": "sse@example.org", "password": "a long enough password"})
    async with SlipwayClient(stack.api_url) as other, httpx.AsyncClient(base_url=stack.api_url, timeout=60) as http:
        await other.login("sse@example.org", "a long enough password")
        token = (await other.post("/auth/login", {"email": "sse@example.org", "password": "a long enough password"}))[
            "access_token"
        ]
        headers = {"Authorization": f"Bearer {token}"}
        async with http.stream("GET", "/api/v1/events", headers=headers) as feed:
            lines = feed.aiter_lines()
            assert await anext(lines) == ": connected"
            await watcher.deploy(hello)
            mine = await Watcher(stack, other).deploy(hello)
            seen = await _until_ready(lines)
        assert {event["subject"] for event in seen} == {f"deployments/{mine['id']}"}
        first = f"{seen[0]['slipwayepoch']}-{seen[0]['slipwaypos']}"
        async with http.stream("GET", "/api/v1/events", headers={**headers, "Last-Event-ID": first}) as feed:
            again = await _until_ready(feed.aiter_lines())
        assert [event["id"] for event in again] == [event["id"] for event in seen[1:]]
    assert ADMIN_EMAIL not in str(seen)


async def test_who_asks_for_it_is_told_how_far_a_job_is(
    watcher: Watcher, client: SlipwayClient, token: str, stack: Stack
):
    """Its pods stay pending: it is watched for as long as one looks."""
    fields = {"docker_image_url": "registry.example.org/slipway-test/stays-pending:1", "health_timeout_sec": 600}
    template = await watcher.new_product(fields)
    async with httpx.AsyncClient(base_url=stack.api_url, timeout=60) as http:
        headers = {"Authorization": f"Bearer {token}"}
        async with http.stream("GET", "/api/v1/events?progress=true", headers=headers) as feed:
            lines = feed.aiter_lines()
            assert await anext(lines) == ": connected"
            deployment = await watcher.deploy(template)
            told = await _watched(lines, deployment)
    assert (told["generation"], told["total"] > told["ready"] > 0) == (1, True), (
        "its Service is ready, its Deployment is not"
    )
    await client.post(f"/deployments/{deployment['id']}/cancel")


async def _watched(lines: AsyncIterator[str], deployment: dict[str, Any]) -> dict[str, Any]:
    """Return what is told first once objects of the deployment are counted."""
    async with asyncio.timeout(120):
        async for line in lines:
            if line == "event: progress":
                told = msgspec.json.decode((await anext(lines)).removeprefix("data: "))
                if told["deployment"] == deployment["id"] and told["phase"] == "watching" and told["total"]:
                    return told
    raise AssertionError("the feed has ended")


async def _until_ready(lines: AsyncIterator[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(60):
        async for line in lines:
            if line.startswith("data: "):
                found.append(msgspec.json.decode(line.removeprefix("data: ")))
                if found[-1]["type"].endswith(".ready.v1"):
                    break
    return found
