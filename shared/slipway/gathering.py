"""Single wishes become batches by themselves: what comes in while one batch is worked on is the next."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from enum import Enum
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Turn(Enum):
    ALONE = "alone"
    """The result of an item that its batch could not wait for: it is worked on by itself, beside the next batches."""


class Gathering(Generic[Item, Result]):
    """Hands items to `work`, as many at a time as wait: one at once when there is only one, so nobody waits for a timer."""

    def __init__(self, work: Callable[[list[Item]], Awaitable[list[Result | Turn]]], *, most: int) -> None:
        """`work` returns the results in the order of its items. When it fails, each item is worked on by itself."""
        self._work = work
        self._most = most
        self._waiting: list[_Put[Item, Result]] = []
        self._gathering = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def put(self, item: Item) -> Result:
        """Return what became of the item; raises what `work` raised for it alone."""
        put = _Put[Item, Result](item)
        self._waiting.append(put)
        if not self._gathering:
            self._gathering = True
            self._start(self._run())
        return await put.result

    async def _run(self) -> None:
        try:
            await asyncio.sleep(0)  # whoever puts in this same turn is in the first batch
            while self._waiting:
                taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._settle([each for each in taken if not each.result.done()])
        finally:
            self._gathering = False

    async def _settle(self, taken: list["_Put[Item, Result]"]) -> None:
        if not taken:
            return
        try:
            results = await self._work([each.item for each in taken])
        except asyncio.CancelledError:
            for each in taken:
                each.result.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - it is told to whoever put the item
            if len(taken) == 1 and not taken[0].result.done():
                taken[0].result.set_exception(error)
            elif len(taken) > 1:
                self._alone(taken)
            return
        self._alone([each for each, result in zip(taken, results, strict=True) if isinstance(result, Turn)])
        for each, result in zip(taken, results, strict=True):
            if not isinstance(result, Turn) and not each.result.done():
                each.result.set_result(result)

    def _alone(self, taken: list["_Put[Item, Result]"]) -> None:
        for each in taken:
            self._start(self._settle([each]))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, context=Context())  # a batch belongs to no one's trace
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Put(Generic[Item, Result]):
    """An item, and the promise of its result."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
