"""Where the MCP server is kept: loaded when its first client comes, because it is large and many installations have none."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol


class McpServer(Protocol):
    async def handle(self, scope: Any, receive: Any, send: Any) -> None: ...

    async def close(self) -> None: ...


class McpDoor:
    """`load` gets what the server works with, and returns it."""

    def __init__(self, load: Callable[[Any], Awaitable[McpServer]]) -> None:
        self._load = load
        self._server: McpServer | None = None
        self._loading = asyncio.Lock()

    async def server(self, deps: Any) -> McpServer:
        async with self._loading:
            self._server = self._server or await self._load(deps)
        return self._server

    async def close(self) -> None:
        if self._server:
            await self._server.close()
