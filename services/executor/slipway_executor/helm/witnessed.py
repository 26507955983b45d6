"""The Helm port with an eye on hooks' pods, around Helm's own program, which removes them before it tells of a failure."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping

from slipway.lifecycle import end
from slipway_executor.cluster.port import Cluster, Followed, Object
from slipway_executor.failing import OperationFailed
from slipway_executor.helm.port import Deadline, Helm, Release, Rendered

KINDS = frozenset({"Pod", "Job"})
LOOK_SEC = 5.0
"""Until pods are looked at again when no change of them was heard."""


class WitnessedHelm:
    """What is seen is what a watch was told in time: a hook that is a pod itself may be gone before."""

    def __init__(self, helm: Helm, cluster: Cluster) -> None:
        self._helm = helm
        self._cluster = cluster

    async def apply(self, release: Release, deadline: Deadline) -> None:
        async with self._watching(release.namespace):
            await self._helm.apply(release, deadline)

    async def render(self, release: Release, *, on_server: bool) -> Rendered:
        return await self._helm.render(release, on_server=on_server)

    async def roll_back(self, release: Release, revision: int, deadline: Deadline) -> None:
        async with self._watching(release.namespace):
            await self._helm.roll_back(release, revision, deadline)

    async def test(self, release: Release, deadline: Deadline) -> None:
        async with self._watching(release.namespace):
            await self._helm.test(release, deadline)

    async def uninstall(
        self, name: str, namespace: str, deadline: Deadline, *, as_user: str | None = None, hook_timeout_sec: int = 300
    ) -> None:
        async with self._watching(namespace):
            await self._helm.uninstall(name, namespace, deadline, as_user=as_user, hook_timeout_sec=hook_timeout_sec)

    @contextlib.asynccontextmanager
    async def _watching(self, namespace: str) -> AsyncGenerator[None]:
        seen: dict[str, Object] = {}
        async with self._cluster.following(namespace, KINDS) as followed:
            await _look(followed, seen)
            earlier = set(seen)  # of an earlier try
            watching = asyncio.create_task(_watch(followed, seen))
            try:
                yield
            except OperationFailed as error:
                made = {uid: item for uid, item in seen.items() if uid not in earlier}
                raise OperationFailed(error.failure, _pods_of_hooks(made)) from error
            finally:
                await end(watching)


async def _watch(followed: Followed, seen: dict[str, Object]) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SEC):  # `wait_for` may return in place of being cancelled
                await followed.change()
        await _look(followed, seen)


async def _look(followed: Followed, seen: dict[str, Object]) -> None:
    with contextlib.suppress(OperationFailed):
        seen.update({item["metadata"]["uid"]: item for item in await followed.objects()})


def _pods_of_hooks(seen: Mapping[str, Object]) -> list[Object]:
    """Return the pods that are a hook or belong to a Job that is one; the application has Jobs of its own."""
    hooks = {uid for uid, item in seen.items() if "helm.sh/hook" in item["metadata"].get("annotations", {})}
    return [item for uid, item in seen.items() if item["kind"] == "Pod" and hooks & {uid, *_owners(item)}]


def _owners(pod: Object) -> set[str]:
    return {owner["uid"] for owner in pod["metadata"].get("ownerReferences", [])}
