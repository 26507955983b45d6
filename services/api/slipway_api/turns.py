"""How many live questions this process may have open at once."""

import asyncio

from slipway_api.problems import ApiError

AT_ONCE = 64
RETRY_SEC = 2


class Turns:
    """How many questions this process has open."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)

    async def __aenter__(self) -> None:
        if self._free.locked():
            raise ApiError("unavailable", "too many live questions at once: ask again", retry_after=RETRY_SEC)
        await self._free.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._free.release()
