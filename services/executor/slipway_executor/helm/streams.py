"""What both adapters do with the pipes of a Helm process: tell it each new deadline, keep the last of what it prints."""

import asyncio
import contextlib
from collections.abc import Callable

from slipway_executor.helm.port import Deadline

OUTPUT_LIMIT = 256 * 1024


async def follow(stdin: asyncio.StreamWriter | None, deadline: Deadline, line: Callable[[float], bytes]) -> None:
    """Tell the process the deadline, and each change of it, until it is gone."""
    with contextlib.suppress(ConnectionError):
        while stdin:
            deadline.changed.clear()
            await send(stdin, line(deadline.at))
            await deadline.changed.wait()


async def send(stdin: asyncio.StreamWriter, data: bytes) -> None:
    """Write to a process. ConnectionError when it is gone, which uvloop calls a RuntimeError."""
    try:
        stdin.write(data)
    except RuntimeError as error:
        raise ConnectionResetError("the process has ended") from error
    await stdin.drain()


async def last(stream: asyncio.StreamReader | None) -> str:
    """Return the last of what was printed; the rest is read and dropped, so that it cannot block."""
    kept = b""
    while stream and (data := await stream.read(65536)):
        kept = (kept + data)[-OUTPUT_LIMIT:]
    return kept.decode(errors="replace")
