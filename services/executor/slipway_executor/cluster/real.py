"""The cluster port over the Kubernetes API."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Collection, Generator, Mapping
from uuid import UUID

from slipway_executor.cluster import releases
from slipway_executor.cluster.discovery import Discovery
from slipway_executor.cluster.kinds import PATHS
from slipway_executor.cluster.kubernetes import APPLY, METADATA_ONLY, Conflict, KubernetesApi, NotThere
from slipway_executor.cluster.port import (
    ADOPTED_ANNOTATION,
    DEPLOYMENT_LABEL,
    INSTALLATION_LABEL,
    LEFT_ANNOTATION,
    SYSTEM_NAMESPACE,
    TENANT_ANNOTATION,
    Labels,
    LeaseConflict,
    LeaseRecord,
    LogRequest,
    Namespace,
    Object,
    ReleaseRecord,
)
from slipway_executor.failing import OperationFailed, terminal, transient

LOG_BYTES = 256 * 1024
FENCE_ANNOTATION = "slipway.dev/fence"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM_NAMESPACE}/leases"


class KubernetesCluster:
    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._discovery = Discovery(api)
        self._versions: dict[tuple[str, str], str] = {}
        """resourceVersion of the last list, by namespace and kind: watches begin there."""

    async def ready(self) -> None:
        await self._api.get("/version")

    async def namespace(self, name: str) -> Namespace | None:
        try:
            found = await self._api.get(f"/api/v1/namespaces/{name}")
        except NotThere:
            return None
        meta = found["metadata"]
        labels, annotations = meta.get("labels", {}), meta.get("annotations", {})
        waiting = [
            condition["message"]
            for condition in found.get("status", {}).get("conditions", [])
            if condition["status"] == "True" and condition.get("message")
        ]
        return Namespace(
            name=name,
            uid=meta["uid"],
            installation=labels.get(INSTALLATION_LABEL),
            deployment=labels.get(DEPLOYMENT_LABEL),
            tenant=annotations.get(TENANT_ANNOTATION),
            adopted=ADOPTED_ANNOTATION in annotations,
            left_by=annotations.get(LEFT_ANNOTATION),
            terminating="deletionTimestamp" in meta,
            remaining="; ".join(waiting) or None,
        )

    async def create_namespace(self, name: str, *, installation: UUID, deployment: UUID) -> None:
        labels = {INSTALLATION_LABEL: str(installation), DEPLOYMENT_LABEL: str(deployment)}
        await self._create_namespace(name, labels)

    async def _create_namespace(self, name: str, labels: dict[str, str]) -> None:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        with contextlib.suppress(Conflict):
            await self._api.post("/api/v1/namespaces", body)

    async def mark_namespace(self, name: str, *, labels: Labels, annotations: Labels) -> None:
        meta = {"labels": dict(labels), "annotations": dict(annotations)}
        await self._api.patch(f"/api/v1/namespaces/{name}", {"metadata": meta})

    async def delete_namespace(self, name: str, *, uid: str) -> None:
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        with contextlib.suppress(NotThere, Conflict):
            await self._api.delete(f"/api/v1/namespaces/{name}", body)

    async def lease(self, name: str) -> LeaseRecord | None:
        try:
            return _lease(await self._api.get(f"{LEASES}/{name}"))
        except NotThere:
            return None

    async def create_lease(self, name: str, *, holder: str, fence: int) -> LeaseRecord:
        body = _lease_body(name, holder, fence, None)
        try:
            return _lease(await self._api.post(LEASES, body))
        except Conflict as error:
            raise LeaseConflict(name) from error
        except NotThere:  # the first Lease of this cluster: its namespace is missing
            await self._create_namespace(SYSTEM_NAMESPACE, {})
            return _lease(await self._api.post(LEASES, body))

    async def replace_lease(self, lease: LeaseRecord, *, holder: str, fence: int) -> LeaseRecord:
        body = _lease_body(lease.name, holder, fence, lease.resource_version)
        try:
            return _lease(await self._api.put(f"{LEASES}/{lease.name}", body))
        except (Conflict, NotThere) as error:
            raise LeaseConflict(lease.name) from error

    async def release_history(self, namespace: str, release: str) -> list[ReleaseRecord]:
        query = {"labelSelector": f"owner=helm,name={release}"}
        found = await self._api.get(_secrets(namespace), query, accept=METADATA_ONLY)
        records = [releases.record(item["metadata"].get("labels", {})) for item in _items(found)]
        return sorted(records, key=lambda record: record.revision)

    async def manifest(self, namespace: str, release: str, revision: int) -> list[Object]:
        secret = await self._api.get(f"{_secrets(namespace)}/{releases.secret_name(release, revision)}")
        stored = await asyncio.to_thread(releases.decode, secret)
        return await asyncio.to_thread(releases.objects_of, stored.get("manifest", ""))

    async def notes(self, namespace: str, release: str, revision: int) -> str:
        secret = await self._api.get(f"{_secrets(namespace)}/{releases.secret_name(release, revision)}")
        return str((await asyncio.to_thread(releases.decode, secret)).get("info", {}).get("notes", ""))

    async def logs(self, namespace: str, wanted: LogRequest) -> str:
        query = {**_log_query(wanted), "limitBytes": str(LOG_BYTES)}
        with _log_border(wanted):
            return await self._api.text(_log_path(namespace, wanted), query)

    async def follow_logs(self, namespace: str, wanted: LogRequest) -> AsyncIterator[bytes]:
        query = {**_log_query(wanted), "follow": "true"}
        with _log_border(wanted):
            async with contextlib.aclosing(self._api.stream(_log_path(namespace, wanted), query)) as pieces:
                async for piece in pieces:
                    yield piece

    async def fail_record(self, namespace: str, release: str, revision: int) -> None:
        path = f"{_secrets(namespace)}/{releases.secret_name(release, revision)}"
        secret = await self._api.get(path)
        await self._api.put(path, await asyncio.to_thread(releases.as_failed, secret))

    async def label_record(self, namespace: str, release: str, revision: int, labels: Labels) -> None:
        path = f"{_secrets(namespace)}/{releases.secret_name(release, revision)}"
        await self._api.patch(path, {"metadata": {"labels": dict(labels)}})

    async def namespaced(self, api_version: str, kind: str) -> bool | None:
        resource = await self._discovery.resource(api_version, kind)
        return resource.namespaced if resource else None

    async def find(self, item: Object, namespace: str) -> Object | None:
        path = await self._path(item, namespace)
        if path is None:
            return None
        try:
            return await self._api.get(path)
        except NotThere:
            return None

    async def apply(
        self, item: Object, namespace: str, *, manager: str, dry_run: bool = False, as_user: str | None = None
    ) -> Object:
        path = await self._path(item, namespace)
        if path is None:
            raise terminal("unknown_kind", f"the cluster does not know the kind {item['apiVersion']} {item['kind']}")
        query = {"fieldManager": manager, "force": "true", **({"dryRun": "All"} if dry_run else {})}
        try:
            return await self._api.patch(path, item, kind=APPLY, query=query, as_user=as_user)
        except (NotThere, Conflict) as error:
            raise transient("cluster_changed", f"{item['kind']} {item['metadata']['name']}: {error}") from error

    async def annotate(self, item: Object, namespace: str, patch: Object) -> None:
        path = await self._path(item, namespace)
        if path:
            with contextlib.suppress(NotThere):
                await self._api.patch(path, patch)

    async def remove(self, item: Object, namespace: str) -> None:
        path = await self._path(item, namespace)
        if path:
            with contextlib.suppress(NotThere, Conflict):
                await self._api.delete(path, {"propagationPolicy": "Background"})

    async def _path(self, item: Object, namespace: str) -> str | None:
        resource = await self._discovery.resource(item["apiVersion"], item["kind"])
        place = item["metadata"].get("namespace", namespace)
        return f"{resource.path(place)}/{item['metadata']['name']}" if resource else None

    async def keep_secret(self, name: str, data: Mapping[str, str]) -> dict[str, str]:
        path = f"{_secrets(SYSTEM_NAMESPACE)}/{name}"
        try:
            return _texts(await self._api.get(path))
        except NotThere:
            await self._create_namespace(SYSTEM_NAMESPACE, {})
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": dict(data)}
        with contextlib.suppress(Conflict):  # another executor was first
            await self._api.post(_secrets(SYSTEM_NAMESPACE), body)
        return _texts(await self._api.get(path))

    async def secret_names(self, namespace: str, label: str) -> list[str]:
        found = await self._api.get(_secrets(namespace), {"labelSelector": label}, accept=METADATA_ONLY)
        return [item["metadata"]["name"] for item in _items(found)]

    async def may_write(self, namespace: str, user: str) -> bool:
        attributes = {"namespace": namespace, "verb": "create", "resource": "secrets"}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes}}  # fmt: skip
        answer = await self._api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body, as_user=user)
        return bool(answer.get("status", {}).get("allowed"))

    async def live(self, namespace: str, kinds: Collection[str]) -> list[Object]:
        found = await asyncio.gather(*(self._list(namespace, kind) for kind in sorted(kinds)))
        return [item for items in found for item in items]

    async def _list(self, namespace: str, kind: str) -> list[Object]:
        listed = await self._api.get(PATHS[kind].format(namespace))
        self._versions[namespace, kind] = listed["metadata"]["resourceVersion"]
        return [{**item, "kind": kind} for item in _items(listed)]

    async def wait_for_change(self, namespace: str, kinds: Collection[str], *, timeout_sec: float) -> None:
        watches = [asyncio.create_task(self._changed(namespace, kind, timeout_sec)) for kind in kinds]
        try:
            await asyncio.wait(watches, return_when=asyncio.FIRST_COMPLETED, timeout=timeout_sec)
        finally:
            for watch in watches:
                watch.cancel()
            await asyncio.gather(*watches, return_exceptions=True)

    async def _changed(self, namespace: str, kind: str, timeout_sec: float) -> None:
        version = self._versions.get((namespace, kind), "0")
        with contextlib.suppress(OperationFailed, NotThere):
            async with contextlib.aclosing(
                self._api.watch(PATHS[kind].format(namespace), version, timeout_sec)
            ) as changes:
                async for _ in changes:
                    return

    async def warnings(self, namespace: str) -> list[Object]:
        found = await self._api.get(
            f"/api/v1/namespaces/{namespace}/events", {"fieldSelector": "type=Warning", "limit": "200"}
        )
        return sorted(_items(found), key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")

    def forget(self, namespace: str) -> None:
        """Drop what was remembered of a namespace that nobody watches any more."""
        for key in [key for key in self._versions if key[0] == namespace]:
            del self._versions[key]


def _secrets(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"


def _log_path(namespace: str, wanted: LogRequest) -> str:
    return f"/api/v1/namespaces/{namespace}/pods/{wanted.pod}/log"


def _log_query(wanted: LogRequest) -> dict[str, str]:
    query = {"tailLines": str(wanted.tail), "previous": str(wanted.previous).lower()}
    return {**query, "container": wanted.container} if wanted.container else query


@contextlib.contextmanager
def _log_border(wanted: LogRequest) -> Generator[None]:
    try:
        yield
    except NotThere as error:
        raise terminal("not_found", f"there is no pod {wanted.pod}, or it has no such container") from error


def _texts(secret: Object) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in secret.get("data", {}).items()}


def _items(listed: Object) -> list[Object]:
    """Return a list's items; an empty list of metadata has null there."""
    return listed["items"] or []


def _lease(found: Object) -> LeaseRecord:
    meta = found["metadata"]
    return LeaseRecord(
        name=meta["name"],
        holder=found.get("spec", {}).get("holderIdentity") or "",
        fence=int(meta.get("annotations", {}).get(FENCE_ANNOTATION, "0")),
        resource_version=meta["resourceVersion"],
    )


def _lease_body(name: str, holder: str, fence: int, resource_version: str | None) -> Object:
    meta: Object = {"name": name, "annotations": {FENCE_ANNOTATION: str(fence)}}
    if resource_version:
        meta["resourceVersion"] = resource_version
    spec = {"holderIdentity": holder} if holder else {}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}
