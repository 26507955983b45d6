"""Helm in memory: writes release records into a cluster in memory. With a settable failure and a gate to hold it."""

import asyncio

from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.cluster.port import ReleaseRecord
from slipway_executor.cluster.releases import DIGEST_LABEL, FENCE_LABEL, GENERATION_LABEL
from slipway_executor.helm.port import Deadline, Release


class MemoryHelm:
    def __init__(self, cluster: MemoryCluster) -> None:
        self._cluster = cluster
        self.failure: Exception | None = None
        self.calls: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        """Cleared: operations begin and do not end."""

    async def apply(self, release: Release, deadline: Deadline) -> None:  # noqa: ARG002
        self.calls.append("apply")
        records = self._cluster.releases.setdefault((release.namespace, release.name), [])
        revision = records[-1].revision + 1 if records else 1
        labels = release.labels

        def record(status: str) -> ReleaseRecord:
            return ReleaseRecord(
                revision=revision, status=status, generation=int(labels[GENERATION_LABEL]),
                digest=labels[DIGEST_LABEL], fence=int(labels[FENCE_LABEL]),
            )  # fmt: skip

        records.append(record("pending-upgrade" if revision > 1 else "pending-install"))
        await self.gate.wait()
        if self.failure:
            records[-1] = record("failed")
            raise self.failure
        records[-1] = record("deployed")

    async def uninstall(self, name: str, namespace: str, deadline: Deadline, *, hook_timeout_sec: int = 300) -> None:  # noqa: ARG002
        self.calls.append("uninstall")
        await self.gate.wait()
        if self.failure:
            raise self.failure
        self._cluster.releases.pop((namespace, name), None)
