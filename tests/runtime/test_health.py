"""A service tells its health truthfully: alive while it works, ready only when what it needs is there."""

import asyncio
from typing import Any

import httpx

from slipway.dev.ports import free_port
from slipway.health import asgi, serve_app
from tests.support.told import metric


async def up() -> None: ...


async def down() -> None:
    raise ConnectionError("postgresql://user:s3cret@db")


async def ask(path: str, **checks: object) -> httpx.Response:
    transport = httpx.ASGITransport(app=asgi(checks))  # pyright: ignore[reportArgumentType]
    async with httpx.AsyncClient(transport=transport, base_url="http://health") as client:
        return await client.get(path)


async def test_health_stays_200_and_names_what_is_down_without_its_address():
    answer = await ask("/health", database=down, nats=up)
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "dependencies": {"database": "down", "nats": "ok"}}
    assert (
        metric("slipway_dependency_up", dependency="database"),
        metric("slipway_dependency_up", dependency="nats"),
    ) == (0, 1)
    assert "s3cret" not in answer.text


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
