"""The health check of the images and of `helm test` asks real servers."""

import asyncio

import pytest

from slipway import alive
from slipway.dev.ports import free_port
from slipway.health import serve


async def test_a_process_that_answers_is_alive_and_a_closed_port_is_not(monkeypatch: pytest.MonkeyPatch):
    port = free_port()
    url = f"http://127.0.0.1:{port}/health"
    assert await asyncio.to_thread(alive.main, [url]) == 1
    stop = asyncio.Event()
    serving = asyncio.create_task(serve({}, host="127.0.0.1", port=port, stop=stop))
    while not await asyncio.to_thread(alive.alive, url):
        await asyncio.sleep(0)
    monkeypatch.setenv("SLIPWAY_HTTP_PORT", str(port))
    assert await asyncio.to_thread(alive.main, []) == 0
    assert await asyncio.to_thread(alive.main, [url, f"{url}/of-nothing"]) == 1
    stop.set()
    await serving
