"""Which objects a release has, and how they are; and the pods of its namespace."""

import asyncio
from datetime import datetime

from slipway.messaging.queries import Container, ListedResources, ListResources, Pod, Resource
from slipway_executor.cluster.port import Cluster, Object
from slipway_executor.insight.places import deployed
from slipway_executor.reconcile.readiness import why_unready
from slipway_executor.reconcile.reason import pod_trouble

AT_ONCE = 8
MOST_PODS = 500


class Resources:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def __call__(self, asked: ListResources) -> ListedResources:
        place = asked.place
        record = await deployed(self._cluster, place)
        manifest = await self._cluster.manifest(place.namespace, place.release, record.revision)
        limit = asyncio.Semaphore(AT_ONCE)

        async def look(item: Object) -> Resource:
            async with limit:
                return _resource(item, await self._cluster.find(item, place.namespace))

        objects = await asyncio.gather(*(look(item) for item in manifest))
        pods = await self._cluster.live(place.namespace, {"Pod"})
        return ListedResources(objects=objects, pods=[_pod(pod) for pod in pods[:MOST_PODS]])


def _resource(item: Object, live: Object | None) -> Resource:
    kind, meta = item["kind"], item["metadata"]
    reason = "is not there" if live is None else why_unready(kind, live)
    return Resource(
        api_version=item["apiVersion"], kind=kind, name=meta["name"], ready=reason is None, reason=reason,
        created_at=_time((live or {}).get("metadata", {}).get("creationTimestamp")),
    )  # fmt: skip


def _pod(pod: Object) -> Pod:
    status = pod.get("status", {})
    conditions = {each["type"]: each.get("status") for each in status.get("conditions", [])}
    return Pod(
        name=pod["metadata"]["name"],
        phase=status.get("phase", "Pending"),
        ready=conditions.get("Ready") == "True",
        reason=pod_trouble(pod),
        node=pod.get("spec", {}).get("nodeName"),
        created_at=_time(pod["metadata"].get("creationTimestamp")),
        containers=[_container(each) for each in status.get("containerStatuses", [])],
    )


def _container(status: Object) -> Container:
    state = status.get("state", {})
    what = next((word for word in ("running", "waiting", "terminated") if word in state), "waiting")
    why = state.get(what, {}).get("reason")
    return Container(
        name=status["name"], image=status.get("image", ""), ready=bool(status.get("ready")),
        restarts=status.get("restartCount", 0), state=f"{what}: {why}" if why else what,
    )  # fmt: skip


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
