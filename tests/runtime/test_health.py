"""A service tells its health truthfully: alive while it works, ready only when what it needs is there."""

import asyncio
import contextlib
from typing import Any

import httpx

from slipway.clock import ManualClock, settle
from slipway.dev.ports import free_port
from slipway.health import Check, Health, asgi, serve, serve_app
from tests.support.told import metric


async def up() -> None: ...


async def down() -> None:
    raise ConnectionError("postgresql://user:s3cret@db")


async def asked(health: Health, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=asgi(health)), base_url="http://health") as client:
        return await client.get(path)


async def ask(path: str, **checks: Check) -> httpx.Response:
    return await asked(Health(checks), path)


async def test_health_stays_200_and_names_what_is_down_without_its_address():
    health = Health({"database": down, "nats": up})
    await health.look()
    answer = await asked(health, "/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["dependencies"] == {"database": "down", "nats": "ok"}
    assert (
        metric("slipway_dependency_up", dependency="database"),
        metric("slipway_dependency_up", dependency="nats"),
    ) == (0, 1)
    assert "s3cret" not in answer.text


async def test_health_answers_at_once_while_a_dependency_hangs_and_says_how_old_its_word_is():
    """A kubelet waits a second and kills the container after three probes without an answer."""
    hangs, free = asyncio.Event(), asyncio.Event()

    async def database() -> None:
        while hangs.is_set() and not free.is_set():
            with contextlib.suppress(asyncio.CancelledError):  # not even a time limit ends it
                await free.wait()

    clock, stop = ManualClock(), asyncio.Event()
    health = Health({"database": database}, clock)
    assert (await asked(health, "/health")).json() == {
        "status": "degraded", "dependencies": {"database": "unknown"}, "age_sec": None,
    }  # fmt: skip
    running = asyncio.create_task(health.run(stop))
    await settle()
    hangs.set()
    await clock.advance(12)
    assert (await asked(health, "/health")).json() == {
        "status": "ok", "dependencies": {"database": "ok"}, "age_sec": 12,
    }  # fmt: skip
    free.set()
    await settle()
    assert (await asked(health, "/health")).json()["age_sec"] == 0
    stop.set()
    await running


async def test_a_process_looks_at_what_it_needs_though_nobody_asks():
    looked, stop = asyncio.Event(), asyncio.Event()

    async def nats() -> None:
        looked.set()

    serving = asyncio.create_task(serve({"nats": nats}, host="127.0.0.1", port=free_port(), stop=stop))
    await asyncio.wait_for(looked.wait(), 60)
    stop.set()
    await serving


async def test_ready_is_503_while_a_dependency_is_down():
    assert (await ask("/health/ready", database=down)).status_code == 503
    assert (await ask("/health/ready", database=up)).status_code == 200


async def test_live_asks_nobody():
    assert (await ask("/health/live", database=down)).status_code == 200


async def test_metrics_are_in_the_prometheus_format():
    answer = await ask("/metrics")
    assert answer.status_code == 200
    assert "python_info" in answer.text


async def test_an_unknown_path_is_404():
    assert (await ask("/etc/passwd")).status_code == 404


async def test_a_request_without_end_does_not_keep_the_process():
    """Row 54."""

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await asyncio.Event().wait()

    port, stop = free_port(), asyncio.Event()
    serving = asyncio.create_task(serve_app(endless, host="127.0.0.1", port=port, stop=stop, drain_sec=0.1))
    transport = httpx.AsyncHTTPTransport(retries=50)
    async with (
        httpx.AsyncClient(transport=transport, timeout=60) as http,
        http.stream("GET", f"http://127.0.0.1:{port}/") as answer,
    ):
        assert await anext(answer.aiter_bytes()) == b"begun"
        stop.set()
        await asyncio.wait_for(serving, 60)
