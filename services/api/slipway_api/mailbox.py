"""What one reader has yet to take. A thousand of them lie empty in one process, which `asyncio.Queue` takes 3 KiB each for."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """For one reader and any number of writers, all in one loop."""

    __slots__ = ("_come", "_waits")

    def __init__(self) -> None:
        self._come: list[T] = []
        self._waits: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._come)

    def put(self, what: T) -> None:
        """Add one. How many there may be is for its writers to say."""
        self._come.append(what)
        if self._waits and not self._waits.done():
            self._waits.set_result(None)

    async def take(self, within_sec: float | None) -> T:
        """Return the oldest; TimeoutError when none comes within so long."""
        if not self._come:
            self._waits = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(within_sec):
                    await self._waits
            finally:
                self._waits = None
        return self._come.pop(0)
