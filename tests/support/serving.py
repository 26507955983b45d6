"""An application in this process, served over HTTP as in production."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from slipway.dev.ports import free_port
from slipway.dev.process import answers_tcp
from slipway.health import serve_app


@asynccontextmanager
async def served(app: Any) -> AsyncGenerator[str]:
    """Serve an ASGI application on a free port while the context is open; give its address."""
    port, stop = free_port(), asyncio.Event()
    serving = asyncio.create_task(serve_app(app, host="127.0.0.1", port=port, stop=stop))
    try:
        async with asyncio.timeout(30):
            while not await answers_tcp("127.0.0.1", port):
                await asyncio.sleep(0)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        await serving
