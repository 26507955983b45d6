"""Whether the cluster holds what the applied revision says."""

from slipway.messaging.queries import FindDrift, FoundDrift
from slipway_executor.cluster.port import Cluster
from slipway_executor.insight.places import own_namespace
from slipway_executor.reconcile.comparing import find_drift


class Drifting:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def __call__(self, asked: FindDrift) -> FoundDrift:
        place = asked.place
        namespace = await own_namespace(self._cluster, place)
        history = (
            await self._cluster.release_history(place.namespace, place.release) if namespace and namespace.open else []
        )
        if not history:
            return FoundDrift(release="missing")
        last = history[-1]
        if (last.revision, last.status) != (asked.revision, "deployed"):
            return FoundDrift(release="changed")
        manifest = await self._cluster.manifest(place.namespace, place.release, last.revision)
        found = await find_drift(self._cluster, manifest, place.namespace, place.release, ignore=asked.ignore)
        return FoundDrift(objects=found)
