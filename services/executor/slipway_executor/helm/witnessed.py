"""The Helm port with an eye on hooks' pods, around Helm's own program, which removes them before it tells of a failure."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from slipway_executor.cluster.port import Cluster, Object
from slipway_executor.failing import OperationFailed
from slipway_executor.helm.port import Deadline, Helm, Release, Rendered

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
        looking = asyncio.create_task(self._look(namespace, seen))
        try:
            yield
        except OperationFailed as error:
            raise OperationFailed(error.failure, [pod for pod in seen.values() if _of_a_hook(pod)]) from error
        finally:
            looking.cancel()
            await asyncio.wait([looking])
            self._cluster.forget(namespace)

    async def _look(self, namespace: str, seen: dict[str, Object]) -> None:
        while True:
            with contextlib.suppress(OperationFailed):
                for pod in await self._cluster.live(namespace, {"Pod"}):
                    seen[pod["metadata"]["uid"]] = pod
            await self._cluster.wait_for_change(namespace, {"Pod"}, timeout_sec=LOOK_SEC)


def _of_a_hook(pod: Object) -> bool:
    meta = pod["metadata"]
    made_by_a_job = any(owner["kind"] == "Job" for owner in meta.get("ownerReferences", []))
    return made_by_a_job or "helm.sh/hook" in meta.get("annotations", {})
