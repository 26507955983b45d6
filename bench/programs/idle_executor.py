"""The real executor, whose cluster and Helm are in memory: what a job costs without Kubernetes."""

import os
from collections import deque
from pathlib import Path
from typing import Any, cast

import httpx

from slipway import loop, telemetry
from slipway.domain.charts import Registries
from slipway.lifecycle import stop_signal
from slipway.messaging.jetstream import JetStreamBroker
from slipway.settings import load
from slipway_executor import app
from slipway_executor.charts.fetch import ChartClient
from slipway_executor.charts.store import ChartStore
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.cluster.real import KubernetesCluster
from slipway_executor.helm.memory import MemoryHelm
from slipway_executor.helm.port import Deadline, Release
from slipway_executor.sealing import KEY_SECRET, keyring
from slipway_executor.settings import ExecutorSettings

READY = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "generation": 1}, "spec": {"replicas": 1},
    "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1},
}  # fmt: skip
HISTORY = 3


class IdleHelm(MemoryHelm):
    """Helm in memory that keeps a few records of each release, as Helm does."""

    def __init__(self, cluster: MemoryCluster) -> None:
        super().__init__(cluster)
        self._memory = cluster

    async def apply(self, release: Release, deadline: Deadline) -> None:
        await super().apply(release, deadline)
        del self._memory.releases[release.namespace, release.name][:-HISTORY]


async def serve(settings: ExecutorSettings) -> None:
    stop, cluster = stop_signal(), MemoryCluster()
    cluster.rendered, cluster.objects = [READY], [READY]
    helm = IdleHelm(cluster)
    nothing = cast("Any", deque[str](maxlen=0))  # for tests they write down each call, without end
    cluster.calls, helm.calls, helm.users = nothing, nothing, nothing
    broker = JetStreamBroker(settings.nats_url, name="slipway-executor", ca=settings.nats_ca)
    key = await keyring(cluster)
    cluster.secrets.setdefault(KEY_SECRET, key.stored)
    async with app.serving(settings, broker, cluster.ready), httpx.AsyncClient(trust_env=False) as http:
        charts = ChartStore(
            ChartClient(http, trusted=()), cache=Path(settings.cache_dir), builtin=app._builtin_charts(),  # noqa: SLF001
            registries=Registries.parse(()), keyring=key,
        )  # fmt: skip
        try:
            await app.run(settings, broker, cast("KubernetesCluster", cluster), helm, charts, key, stop)
        finally:
            await broker.close()


def main() -> None:
    telemetry.start("executor", os.environ)
    settings = load(ExecutorSettings, {**os.environ, "SLIPWAY_HELM": "true", "SLIPWAY_HELM_ENGINE": "off"})
    loop.run(serve(settings))


if __name__ == "__main__":
    main()
