"""The console's own nginx under load: a real one, with the image's configuration."""

import asyncio
import contextlib
import resource
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.support.console_server import console_server

FEEDS = 700
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: here\n\n"


@asynccontextmanager
async def endless_api() -> AsyncGenerator[str]:
    """Serve a feed that begins and never ends to whoever asks."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(BEGUN)
            await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=FEEDS)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()


async def test_many_followers_leave_room_for_others(tmp_path: Path):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    (tmp_path / "console").mkdir()
    (tmp_path / "console" / "index.html").write_text("<!doctype html>")
    async with (
        endless_api() as api,
        console_server(tmp_path, api) as console,
        contextlib.AsyncExitStack() as open_feeds,
    ):
        place = httpx.URL(console)
        for _ in range(FEEDS):
            reader, writer = await asyncio.open_connection(place.host, place.port)
            open_feeds.callback(writer.close)
            writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: console\r\n\r\n")
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
        async with httpx.AsyncClient(base_url=console, timeout=60) as client:
            assert (await client.get("/health")).json() == {"status": "ok"}
