"""A server on loopback that answers as it is told, one answer for each request, and remembers what it was asked."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import msgspec


class Asked(msgspec.Struct, frozen=True):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Scripted:
    """`answers` are (status, headers, body); None closes the connection without an answer."""

    def __init__(self, answers: Sequence[tuple[int, dict[str, str], str] | None]) -> None:
        self._answers = list(answers)
        self.asked: list[Asked] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append(Asked(method, path, headers, body))
            if (answer := self._answers.pop(0)) is not None:
                status, more, text = answer
                lines = [
                    f"HTTP/1.1 {status} x",
                    "Connection: close",
                    *(f"{key}: {value}" for key, value in more.items()),
                ]
                writer.write("\r\n".join([*lines, "", text]).encode())
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def scripted(*answers: tuple[int, dict[str, str], str] | None) -> AsyncGenerator[tuple[str, Scripted]]:
    """Yield the server's URL, and what it is asked."""
    script = Scripted(answers)
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", script
