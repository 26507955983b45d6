"""Helm in memory: writes release records into a cluster in memory. With a settable failure and a gate to hold it."""

import asyncio

from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.cluster.port import ReleaseRecord
from slipway_executor.cluster.releases import DIGEST_LABEL, FENCE_LABEL, GENERATION_LABEL
from slipway_executor.helm.port import Deadline, Release, Rendered


class MemoryHelm:
    def __init__(self, cluster: MemoryCluster) -> None:
        self._cluster = cluster
        self.failure: Exception | None = None
        self.render_failure: Exception | None = None
        self.test_failure: Exception | None = None
        self.calls: list[str] = []
        self.users: list[str | None] = []
        self.gate = asyncio.Event()
        self.gate.set()
        """Cleared: operations begin and do not end."""

    async def apply(self, release: Release, deadline: Deadline) -> None:  # noqa: ARG002
        self._called("apply", release)
        revision = self._begin(release, release.labels, "upgrade")
        await self.gate.wait()
        self._end(release, revision, release.labels)

    async def render(self, release: Release, *, on_server: bool) -> Rendered:
        self._called(f"render_{'server' if on_server else 'client'}", release)
        if self.render_failure:
            raise self.render_failure
        return Rendered(objects=tuple(self._cluster.rendered))

    async def roll_back(self, release: Release, revision: int, deadline: Deadline) -> None:  # noqa: ARG002
        self._called("roll_back", release)
        records = self._cluster.releases[release.namespace, release.name]
        old = next(each for each in records if each.revision == revision)
        labels = {GENERATION_LABEL: str(old.generation), DIGEST_LABEL: old.digest or "", FENCE_LABEL: str(old.fence)}
        self.failure = None
        self._end(release, self._begin(release, labels, "rollback"), labels)

    async def test(self, release: Release, deadline: Deadline) -> None:  # noqa: ARG002
        self._called("test", release)
        if self.test_failure:
            raise self.test_failure

    async def uninstall(
        self,
        name: str,
        namespace: str,
        deadline: Deadline,  # noqa: ARG002
        *,
        as_user: str | None = None,
        hook_timeout_sec: int = 300,  # noqa: ARG002
    ) -> None:
        self.calls.append("uninstall")
        self.users.append(as_user)
        await self.gate.wait()
        if self.failure:
            raise self.failure
        self._cluster.releases.pop((namespace, name), None)

    def _called(self, what: str, release: Release) -> None:
        self.calls.append(what)
        self.users.append(release.as_user)

    def _begin(self, release: Release, labels: dict[str, str], what: str) -> int:
        records = self._cluster.releases.setdefault((release.namespace, release.name), [])
        revision = records[-1].revision + 1 if records else 1
        records.append(_record(revision, f"pending-{what}" if revision > 1 else "pending-install", labels))
        return revision

    def _end(self, release: Release, revision: int, labels: dict[str, str]) -> None:
        records = self._cluster.releases[release.namespace, release.name]
        records[-1] = _record(revision, "failed" if self.failure else "deployed", labels)
        if self.failure:
            raise self.failure


def _record(revision: int, status: str, labels: dict[str, str]) -> ReleaseRecord:
    return ReleaseRecord(
        revision=revision, status=status, generation=int(labels[GENERATION_LABEL]),
        digest=labels[DIGEST_LABEL], fence=int(labels[FENCE_LABEL]),
    )  # fmt: skip
