"""Small web servers of a test's own: http, or https with a certificate for loopback from an authority of its own."""

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from slipway.dev.certificates import ensure_keys

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(answer: Answering, *, port: int, keys: Path | None = None) -> AsyncGenerator[None]:
    """Answer every request while the context is open; https when there is a folder with `apiserver.{crt,key}`."""
    context = None
    if keys:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(keys / "apiserver.crt", keys / "apiserver.key")
    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    try:
        yield
    finally:
        await runner.cleanup()


def keys_in(folder: Path) -> Path:
    """Return the folder, with an authority and a certificate for loopback in it."""
    ensure_keys(folder)
    return folder
