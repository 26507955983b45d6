"""The Helm port with so many operations at once, whoever asks for them; around whichever adapter does the work."""

import asyncio

from slipway_executor.helm.port import Deadline, Helm, Release, Rendered


class BoundedHelm:
    """Each operation has its share of the pod's memory. A slot is not enough: a watched job, which holds none, may go
    back or run its chart's tests, and so may many at one moment; previews never have one.
    """

    def __init__(self, helm: Helm, *, at_once: int) -> None:
        self._helm = helm
        self.at_once = at_once
        self._turns = asyncio.Semaphore(at_once)

    async def apply(self, release: Release, deadline: Deadline) -> None:
        async with self._turns:
            await self._helm.apply(release, deadline)

    async def render(self, release: Release, *, on_server: bool) -> Rendered:
        async with self._turns:
            return await self._helm.render(release, on_server=on_server)

    async def roll_back(self, release: Release, revision: int, deadline: Deadline) -> None:
        async with self._turns:
            await self._helm.roll_back(release, revision, deadline)

    async def test(self, release: Release, deadline: Deadline) -> None:
        async with self._turns:
            await self._helm.test(release, deadline)

    async def uninstall(
        self, name: str, namespace: str, deadline: Deadline, *, as_user: str | None = None, hook_timeout_sec: int = 300
    ) -> None:
        async with self._turns:
            await self._helm.uninstall(name, namespace, deadline, as_user=as_user, hook_timeout_sec=hook_timeout_sec)
