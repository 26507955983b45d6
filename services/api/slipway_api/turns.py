"""How much of this process one user may hold open: live questions, which are few for all, and streams."""

from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager
from uuid import UUID

from slipway_api.problems import ApiError

AT_ONCE = 64
"""Live questions of this process."""
OF_ONE = 16
"""Live questions of one user."""
STREAMS_OF_ONE = 32
"""Feeds and followed logs of one user."""
RETRY_SEC = 2


class Turns:
    """What this process has open, by user. `most` is for all of them; None: as much as each may have."""

    def __init__(self, *, of_one: int, most: int | None = None) -> None:
        self._of_one = of_one
        self._most = most
        self._open: Counter[UUID] = Counter()

    def check(self, who: UUID) -> None:
        """429 when this user has too many open, 503 when all together have."""
        if self._open[who] >= self._of_one:
            raise ApiError("too_many", f"you have {self._of_one} of these open: end one first", retry_after=RETRY_SEC)
        if self._most is not None and self._open.total() >= self._most:
            raise ApiError("unavailable", "too many live questions at once: ask again", retry_after=RETRY_SEC)

    @contextmanager
    def one(self, who: UUID) -> Generator[None]:
        """Have one more open while the context is; refused as by `check`."""
        self.check(who)
        self._open[who] += 1
        try:
            yield
        finally:
            self._open[who] -= 1
            self._open += Counter()  # forgets those who have none

    async def during(self, who: UUID, source: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """Yield what a source does, which counts as open until it ends or nobody listens any more."""
        with self.one(who):
            async with aclosing(source):
                async for each in source:
                    yield each
