"""How many Helm operations may run at once. A watched job holds none."""

import asyncio

WAIT_SEC = 5.0


class Slots:
    def __init__(self, total: int) -> None:
        self.total = total
        self.left = total
        self._freed = asyncio.Event()

    async def free(self) -> int:
        """Return how many are free, waiting a while for the first."""
        if self.left <= 0:
            self._freed.clear()
            try:
                await asyncio.wait_for(self._freed.wait(), WAIT_SEC)
            except TimeoutError:
                return 0
        return max(self.left, 0)

    def take(self) -> None:
        self.left -= 1

    def give_back(self) -> None:
        self.left += 1
        self._freed.set()

    def held(self) -> "One":
        """Return the slot of one job, which can be given back once."""
        return One(self)


class One:
    """A taken slot."""

    def __init__(self, slots: Slots) -> None:
        self._slots: Slots | None = slots

    def give_back(self) -> None:
        """Free it; a second time does nothing."""
        if self._slots:
            self._slots.give_back()
            self._slots = None
