"""Waits until every object of a release is ready, or tells the real reason why not. Read-only."""

import asyncio

from slipway.clock import Clock
from slipway.lifecycle import first_of
from slipway_executor.cluster.kinds import PATHS
from slipway_executor.cluster.port import Cluster, Object
from slipway_executor.failing import OperationFailed
from slipway_executor.reconcile import reason
from slipway_executor.reconcile.readiness import Unready, unready

LOOK_AGAIN_SEC = 10.0
"""Objects are looked at again after this time even when nothing was heard of them."""


class Watch:
    """The objects of one revision."""

    def __init__(self, cluster: Cluster, clock: Clock, namespace: str, manifest: list[Object]) -> None:
        self._cluster = cluster
        self._clock = clock
        self._namespace = namespace
        self._expected = {
            (item["kind"], item["metadata"]["name"])
            for item in manifest
            if item["kind"] in PATHS and item["metadata"].get("namespace", namespace) == namespace
        }

    async def until_ready(self, *, timeout_sec: int, stopped: asyncio.Event) -> bool:
        """Return True when all are ready, False when told to stop; OperationFailed after `timeout_sec`."""
        try:
            return await self._until_ready(timeout_sec, stopped)
        finally:
            self._cluster.forget(self._namespace)

    async def _until_ready(self, timeout_sec: int, stopped: asyncio.Event) -> bool:
        kinds = {kind for kind, _ in self._expected}
        until = self._clock.monotonic() + timeout_sec
        while not stopped.is_set():
            found = unready(self._expected, await self._cluster.live(self._namespace, kinds)) if kinds else []
            if not found:
                return True
            left = until - self._clock.monotonic()
            if left <= 0 or any(each.hopeless for each in found):
                await self._give_reason(found, timeout_sec)
            waiting = self._cluster.wait_for_change(self._namespace, kinds, timeout_sec=min(left, LOOK_AGAIN_SEC))
            await first_of(waiting, stopped.wait(), self._clock.sleep(min(left, LOOK_AGAIN_SEC)))
        return False

    async def _give_reason(self, found: list[Unready], timeout_sec: int) -> None:
        pods = await self._cluster.live(self._namespace, {"Pod"})
        warnings = await self._cluster.warnings(self._namespace)
        raise OperationFailed(reason.not_ready(found, pods, warnings, after_sec=timeout_sec))
