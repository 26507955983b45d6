"""The engine processes of an executor: as many as operations run at once, each used again until it is worn."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from slipway_executor.helm.engine.child import Child

OPERATIONS = 500
"""So many are given to one process; then a new one takes its place, and whatever has grown in it is gone."""


class Pool:
    def __init__(self, program: str, environment: Mapping[str, str], *, idle: int) -> None:
        """`idle` processes are kept when nothing is asked of them."""
        self._program = program
        self._environment = environment
        self._most_idle = idle
        self._idle: list[Child] = []
        self._all: set[Child] = set()

    @property
    def pids(self) -> list[int]:
        return [child.pid for child in self._all if child.alive]

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[Child]:
        """Lend a process that nobody else uses. It comes back if it lives and has answered."""
        child = await self._take()
        try:
            yield child
        finally:
            await self._give_back(child)

    async def close(self) -> None:
        """End all processes."""
        await asyncio.gather(*(child.kill() for child in self._all))
        self._all.clear()
        self._idle.clear()

    async def _take(self) -> Child:
        while self._idle:
            child = self._idle.pop()
            if child.alive:
                return child
            self._all.discard(child)
            await child.kill()
        child = await Child.start(self._program, self._environment)
        self._all.add(child)
        return child

    async def _give_back(self, child: Child) -> None:
        if child.alive and child.operations < OPERATIONS and len(self._idle) < self._most_idle:
            self._idle.append(child)
            return
        self._all.discard(child)
        await child.kill()
