"""Which namespaces were made for an installation: an operator compares them with its deployments."""

from slipway.messaging.queries import ListedNamespaces, ListNamespaces, OwnedNamespace
from slipway_executor.cluster.port import Cluster


class Namespaces:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def __call__(self, asked: ListNamespaces) -> ListedNamespaces:
        found = await self._cluster.namespaces_of(asked.installation)
        owned = [
            OwnedNamespace(name=each.name, deployment=each.deployment or "") for each in found if not each.terminating
        ]
        return ListedNamespaces(namespaces=owned)
