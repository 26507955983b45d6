"""Waits until every object of a release is ready, or tells the real reason why not. Read-only."""

import asyncio
from collections.abc import Awaitable, Callable

from slipway.clock import Clock
from slipway.lifecycle import first_of
from slipway.telemetry import tracing
from slipway_executor.cluster.kinds import PATHS
from slipway_executor.cluster.port import Cluster, Followed, Object
from slipway_executor.control import Control
from slipway_executor.failing import OperationFailed
from slipway_executor.reconcile import reason
from slipway_executor.reconcile.readiness import Unready, is_custom, may_wait, unready

LOOK_CLOSER_SEC = 2.0
"""The same where there are custom resources: nobody tells of their changes."""
LOOK_AGAIN_SEC = 10.0
"""Objects are looked at again after this time even when nothing was heard of them."""

Waits = Callable[[], Awaitable[None]]
"""Called once, when the first look has shown that something is not ready yet."""


class Watch:
    """The objects of one revision."""

    def __init__(self, cluster: Cluster, clock: Clock, namespace: str, manifest: list[Object]) -> None:
        self._cluster = cluster
        self._clock = clock
        self._namespace = namespace
        here = [item for item in manifest if item["metadata"].get("namespace", namespace) == namespace]
        self._custom = [item for item in here if is_custom(item)]
        known = [item for item in here if item["kind"] in PATHS and not is_custom(item)]
        followed = [item for item in known if may_wait(item)]
        self._kinds = {item["kind"] for item in followed}
        self._expected = {(item["kind"], item["metadata"]["name"]) for item in [*followed, *self._custom]}
        self._total = len(self._expected) + len(known) - len(followed)

    async def until_ready(self, *, timeout_sec: int, control: Control, waits: Waits) -> bool:
        """Return True when all are ready, False when told to stop; OperationFailed after `timeout_sec`."""
        with tracing.span("watch until ready", objects=self._total):
            async with self._cluster.following(self._namespace, self._kinds) as followed:
                return await self._until_ready(followed, timeout_sec, control, waits)

    async def _until_ready(self, followed: Followed, timeout_sec: int, control: Control, waits: Waits) -> bool:
        until = self._clock.monotonic() + timeout_sec
        waited = False
        while not control.stopped.is_set():
            found, left = await self._judged(await followed.objects()), until - self._clock.monotonic()
            if waited and (not found or left <= 0 or _hopeless(found)):  # a verdict is of a list, not of what was told
                found = await self._judged(await self._cluster.live(self._namespace, self._kinds))
            control.count(self._total - len(found), self._total)
            if not found:
                return True
            if not waited:
                waited = True
                await waits()
            if left <= 0 or _hopeless(found):
                await self._give_reason(found, timeout_sec)
            pause = min(left, LOOK_CLOSER_SEC if self._custom else LOOK_AGAIN_SEC)
            await first_of(self._clock.sleep(pause), control.stopped.wait(), followed.change())
        return False

    async def _judged(self, followed: list[Object]) -> list[Unready]:
        """Judge what is followed, and custom objects as they are now, each by itself: nobody tells of their changes."""
        custom = await asyncio.gather(*(self._cluster.find(item, self._namespace) for item in self._custom))
        return unready(self._expected, [*followed, *(item for item in custom if item)])

    async def _give_reason(self, found: list[Unready], timeout_sec: int) -> None:
        pods = await self._cluster.live(self._namespace, {"Pod"})
        warnings = await self._cluster.warnings(self._namespace)
        raise OperationFailed(reason.not_ready(found, pods, warnings, after_sec=timeout_sec))


def _hopeless(found: list[Unready]) -> bool:
    return any(each.hopeless for each in found)
