"""A proxy between executors and the API server, which can be down, silent, slow or full of errors."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from slipway.dev.ports import free_port
from slipway.dev.stack import Stack

SLOW_SEC = 0.2
"""What each piece of an answer is held back when the server is slow."""


class Manner(StrEnum):
    """How the API server seems to be."""

    FINE = "fine"
    DOWN = "down"
    """Nothing listens."""
    BLACK_HOLE = "black_hole"
    """Connections are taken, and nothing is ever answered."""
    SLOW = "slow"
    TOO_MANY = "429"
    BROKEN = "500"
    UNAUTHORIZED = "401"


class ApiProxy:
    """Ends TLS with the API server's own certificate, so that it can answer in its place."""

    def __init__(self, stack: Stack) -> None:
        if stack.cluster is None:
            raise TypeError("the proxy stands before the embedded cluster")
        keys = Path(stack.kubeconfig).parent / "cluster"
        self._inside = ssl.create_default_context(cafile=str(keys / "ca.crt"))
        self._outside = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._outside.load_cert_chain(keys / "apiserver.crt", keys / "apiserver.key")
        self._target = urlsplit(stack.cluster.server)
        self._port = free_port()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.manner = Manner.FINE
        self.met = asyncio.Event()
        """Set when somebody meets a manner that is not fine."""

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    async def behave(self, manner: Manner) -> None:
        """Change the manner; what is open is cut, as a failure cuts it."""
        self.manner = manner
        self.met.clear()
        await self._close()
        if manner is not Manner.DOWN:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self._port, ssl=self._outside)

    async def _close(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
                await self._serve(reader, writer)
        except asyncio.CancelledError:
            pass  # the manner changed
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.manner is not Manner.FINE:
            self.met.set()
        match self.manner:
            case Manner.FINE | Manner.SLOW:
                await self._pass_on(reader, writer)
            case Manner.BLACK_HOLE | Manner.DOWN:
                await reader.read()
            case _:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(_refusal(int(self.manner)))
                await writer.drain()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection(self._target.hostname, self._target.port, ssl=self._inside)
        pause = SLOW_SEC if self.manner is Manner.SLOW else 0.0
        ways = [asyncio.create_task(_pump(reader, forth, 0.0)), asyncio.create_task(_pump(back, writer, pause))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            forth.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pause: float) -> None:
    while data := await reader.read(65536):
        await asyncio.sleep(pause)
        writer.write(data)
        await writer.drain()


def _refusal(code: int) -> bytes:
    reason, message = {
        401: ("Unauthorized", "Unauthorized"),
        429: ("TooManyRequests", "Too many requests, please try again later."),
        500: ("InternalError", "Internal error occurred: the store is not well"),
    }[code]
    body = msgspec.json.encode(
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason,
         "code": code}
    )  # fmt: skip
    head = f"HTTP/1.1 {code} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n".encode() + body


@asynccontextmanager
async def standing(stack: Stack) -> AsyncGenerator[ApiProxy]:
    """Stand between while the context is open."""
    proxy = ApiProxy(stack)
    await proxy.behave(Manner.FINE)
    try:
        yield proxy
    finally:
        await proxy.behave(Manner.DOWN)
