"""Whose namespace a question is about. What is not the deployment's own is never read."""

from slipway.messaging.queries import Place
from slipway_executor.cluster.port import Cluster, Namespace, ReleaseRecord
from slipway_executor.failing import needs_person, terminal


async def own_namespace(cluster: Cluster, place: Place) -> Namespace | None:
    """Return the deployment's namespace, or None when there is none; OperationFailed when it is somebody else's."""
    found = await cluster.namespace(place.namespace)
    if found and (found.installation, found.deployment) != (str(place.installation), str(place.deployment)):
        raise needs_person("namespace_foreign", f"the namespace {place.namespace} was not made for this deployment")
    return found


async def deployed(cluster: Cluster, place: Place) -> ReleaseRecord:
    """Return the revision that serves; OperationFailed `not_found` when there is none."""
    history = []
    namespace = await own_namespace(cluster, place)
    if namespace and namespace.open:
        history = await cluster.release_history(place.namespace, place.release)
    serving = [record for record in history if record.status == "deployed"]
    if not serving:
        raise terminal("not_found", "nothing is deployed yet")
    return serving[-1]
