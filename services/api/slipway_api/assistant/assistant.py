"""The assistant of one process: its model, connected when it is first needed, and the answers that are under way."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from uuid import UUID

from slipway_api.assistant.limits import Limits
from slipway_api.assistant.model import Model
from slipway_api.problems import ApiError

AT_ONCE = 64
"""Answers under way in one process."""
AT_ONCE_OF_A_USER = 8
"""So that one user's many conversations leave room for the others'."""
RETRY_SEC = 5
T = TypeVar("T")

Connect = Callable[[], Awaitable[Model]]


class Assistant:
    """`connect` is None where no model is configured."""

    def __init__(self, connect: Connect | None, limits: Limits | None = None) -> None:
        self._connect = connect
        self._model: Model | None = None
        self._connecting = asyncio.Lock()
        self._under_way: dict[asyncio.Task[Any], UUID] = {}
        self.limits = limits or Limits()

    @property
    def is_configured(self) -> bool:
        return self._connect is not None

    async def model(self) -> Model:
        """Return the model; 503 where none is configured."""
        if self._connect is None:
            raise not_configured()
        async with self._connecting:
            self._model = self._model or await self._connect()
        return self._model

    def check_room(self, user: UUID) -> None:
        """429 when this process answers as many messages of the user as it may, 503 when of all users."""
        if list(self._under_way.values()).count(user) >= AT_ONCE_OF_A_USER:
            raise ApiError("too_many", "many answers to you are under way: wait for one of them", retry_after=RETRY_SEC)
        if len(self._under_way) >= AT_ONCE:
            raise ApiError("unavailable", "too many answers are under way: try again", retry_after=RETRY_SEC)

    def start(self, user: UUID, answering: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin an answer to a user that goes on when they have gone."""
        task = asyncio.create_task(answering)
        self._under_way[task] = user
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.pop(task, None)
        if not task.cancelled():
            task.exception()  # seen: whoever asked may have gone

    async def idle(self) -> None:
        """Wait until no answer is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """End the answers that are under way; their records say how far they came."""
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._model:
            await self._model.close()


def not_configured() -> ApiError:
    return ApiError("unavailable", "no assistant here: the operator has set no model (SLIPWAY_ASSISTANT_MODEL)")
