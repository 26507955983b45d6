"""The cluster port over the Kubernetes API."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Generator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

from slipway_executor.cluster import leases, logs, namespaces, own_secrets, releases, remaining, users
from slipway_executor.cluster.discovery import Discovery
from slipway_executor.cluster.following import Following, Listing
from slipway_executor.cluster.kubernetes import APPLY, FORBIDDEN, METADATA_ONLY, Conflict, KubernetesApi, NotThere
from slipway_executor.cluster.port import (
    DEPLOYMENT_LABEL,
    INSTALLATION_LABEL,
    SYSTEM_NAMESPACE,
    UNKNOWN_KIND,
    Labels,
    LeaseRecord,
    LogRequest,
    Namespace,
    Object,
    ReleaseRecord,
)
from slipway_executor.failing import OperationFailed, terminal, transient

LOG_BYTES = 256 * 1024
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM_NAMESPACE}/leases"


class KubernetesCluster:
    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._trusted = api.acting_as(users.TRUSTED)
        self._discovery = Discovery(api)

    def _in(self, namespace: str) -> KubernetesApi:
        """Return the API with the rights of a namespace's tenant."""
        return self._api.acting_as(users.tenant(namespace))

    async def ready(self) -> None:
        await self._api.get("/version")

    async def namespace(self, name: str) -> Namespace | None:
        try:
            return namespaces.read(await self._api.get(f"/api/v1/namespaces/{name}"))
        except NotThere:
            return None

    async def namespaces_of(self, installation: UUID) -> list[Namespace]:
        query = {"labelSelector": f"{INSTALLATION_LABEL}={installation}", "limit": "5000"}
        return [namespaces.read(item) for item in _items(await self._api.get("/api/v1/namespaces", query))]

    async def create_namespace(self, name: str, *, installation: UUID, deployment: UUID) -> None:
        labels = {INSTALLATION_LABEL: str(installation), DEPLOYMENT_LABEL: str(deployment)}
        await self._create_namespace(name, labels)

    async def _create_namespace(self, name: str, labels: dict[str, str]) -> None:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        with contextlib.suppress(Conflict):
            await self._api.post("/api/v1/namespaces", body)

    async def mark_namespace(self, name: str, *, labels: Labels, annotations: Labels) -> None:
        meta = {"labels": dict(labels), "annotations": dict(annotations)}
        with _still_there(f"namespace {name}"):
            await self._api.patch(f"/api/v1/namespaces/{name}", {"metadata": meta})

    async def delete_namespace(self, name: str, *, uid: str) -> None:
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        with contextlib.suppress(NotThere, Conflict):
            await self._api.delete(f"/api/v1/namespaces/{name}", body)

    async def held_up(self, namespace: str) -> list[str]:
        return await remaining.held_up((self._in(namespace), self._trusted), self._discovery, namespace)

    async def lease(self, name: str) -> LeaseRecord | None:
        try:
            return leases.record(await self._api.get(f"{LEASES}/{name}"))
        except NotThere:
            return None

    async def create_lease(self, name: str, *, holder: str, fence: int) -> LeaseRecord:
        body = leases.body(name, holder, fence, None)
        with leases.unchanged(name):
            try:
                return leases.record(await self._api.post(LEASES, body))
            except NotThere:  # the first Lease of this cluster: its namespace is missing
                await self._create_namespace(SYSTEM_NAMESPACE, {})
                return leases.record(await self._api.post(LEASES, body))

    async def replace_lease(self, lease: LeaseRecord, *, holder: str, fence: int) -> LeaseRecord:
        body = leases.body(lease.name, holder, fence, lease.resource_version)
        with leases.unchanged(lease.name):
            return leases.record(await self._api.put(f"{LEASES}/{lease.name}", body))

    async def remove_lease(self, lease: LeaseRecord) -> None:
        body = {"preconditions": {"resourceVersion": lease.resource_version}}
        with leases.unchanged(lease.name), contextlib.suppress(NotThere):
            await self._api.delete(f"{LEASES}/{lease.name}", body)

    async def release_history(self, namespace: str, release: str) -> list[ReleaseRecord]:
        query = {"labelSelector": f"owner=helm,name={release}"}
        found = await self._in(namespace).get(_secrets(namespace), query, accept=METADATA_ONLY)
        records = (releases.record(item["metadata"].get("labels", {})) for item in _items(found))
        return sorted((each for each in records if each), key=lambda record: record.revision)

    async def manifest(self, namespace: str, release: str, revision: int) -> list[Object]:
        stored = await self._stored(namespace, release, revision)
        return await asyncio.to_thread(releases.objects_of, stored.get("manifest", ""))

    async def notes(self, namespace: str, release: str, revision: int) -> str:
        return str((await self._stored(namespace, release, revision)).get("info", {}).get("notes", ""))

    async def _stored(self, namespace: str, release: str, revision: int) -> Object:
        with _still_there(f"revision {revision} of {release}"):
            secret = await self._in(namespace).get(_record(namespace, release, revision))
        return await asyncio.to_thread(releases.decode, secret)

    async def logs(self, namespace: str, wanted: LogRequest) -> str:
        query = {**logs.query(wanted), "limitBytes": str(LOG_BYTES)}
        with logs.border(wanted):
            return await self._in(namespace).text(logs.path(namespace, wanted), query)

    async def follow_logs(self, namespace: str, wanted: LogRequest) -> AsyncIterator[bytes]:
        query = {**logs.query(wanted), "follow": "true"}
        with logs.border(wanted):
            async with contextlib.aclosing(self._in(namespace).stream(logs.path(namespace, wanted), query)) as pieces:
                async for piece in pieces:
                    yield piece

    async def fail_record(self, namespace: str, release: str, revision: int) -> None:
        path = _record(namespace, release, revision)
        with _still_there(f"revision {revision} of {release}"):
            secret = await self._in(namespace).get(path)
            await self._in(namespace).put(path, await asyncio.to_thread(releases.as_failed, secret))

    async def label_record(self, namespace: str, release: str, revision: int, labels: Labels) -> None:
        body = {"metadata": {"labels": dict(labels)}}
        with _still_there(f"revision {revision} of {release}"):
            await self._in(namespace).patch(_record(namespace, release, revision), body)

    async def remove_record(self, namespace: str, release: str, revision: int) -> None:
        with contextlib.suppress(NotThere):
            await self._in(namespace).delete(_record(namespace, release, revision), {})

    async def namespaced(self, api_version: str, kind: str) -> bool | None:
        resource = await self._discovery.resource(api_version, kind)
        return resource.namespaced if resource else None

    async def find(self, item: Object, namespace: str) -> Object | None:
        with contextlib.suppress(NotThere):
            return await self._reach(item, namespace, lambda api, path: api.get(path))
        return None

    async def apply(
        self, item: Object, namespace: str, *, manager: str, dry_run: bool = False, as_user: str | None = None
    ) -> Object:
        query = {"fieldManager": manager, "force": "true", **({"dryRun": "All"} if dry_run else {})}

        async def patch(api: KubernetesApi, path: str) -> Object:
            return await api.patch(path, item, kind=APPLY, query=query)

        try:
            if dry_run and as_user is None:
                applied = await self._reach(item, namespace, patch)
            else:
                path = await self._path(item, namespace)
                applied = path and await patch(self._api.acting_as(as_user) if as_user else self._api, path)
        except (NotThere, Conflict) as error:
            if isinstance(error, Conflict) or not await self._discovery.gone(item["apiVersion"], item["kind"]):
                raise transient("cluster_changed", f"{item['kind']} {item['metadata']['name']}: {error}") from error
            applied = None
        if not applied:
            raise terminal(UNKNOWN_KIND, f"the cluster does not know the kind {item['apiVersion']} {item['kind']}")
        return applied

    async def annotate(self, item: Object, namespace: str, patch: Object) -> None:
        with contextlib.suppress(NotThere):
            await self._reach(item, namespace, lambda api, path: api.patch(path, patch))

    async def remove(self, item: Object, namespace: str) -> None:
        body = {"propagationPolicy": "Background"}
        with contextlib.suppress(NotThere, Conflict):
            await self._reach(item, namespace, lambda api, path: api.delete(path, body))

    async def _reach(
        self, item: Object, namespace: str, call: Callable[[KubernetesApi, str], Awaitable[Object]]
    ) -> Object | None:
        """Call as the tenant, and as the account of trusted charts for what a tenant may not; None for an unknown kind."""
        path = await self._path(item, namespace)
        if path is None:
            return None
        try:
            return await call(self._in(namespace), path)
        except OperationFailed as error:
            if error.failure.code != FORBIDDEN:
                raise
            with contextlib.suppress(OperationFailed):
                return await call(self._trusted, path)
            raise

    async def _path(self, item: Object, namespace: str) -> str | None:
        resource = await self._discovery.resource(item["apiVersion"], item["kind"])
        place = item["metadata"].get("namespace", namespace)
        return f"{resource.path(place)}/{item['metadata']['name']}" if resource else None

    async def keep_secret(self, name: str, data: Mapping[str, str]) -> dict[str, str]:
        path = f"{_secrets(SYSTEM_NAMESPACE)}/{name}"
        try:
            return own_secrets.texts(await self._api.get(path))
        except NotThere:
            await self._create_namespace(SYSTEM_NAMESPACE, {})
        with contextlib.suppress(Conflict):  # another executor was first
            await self._api.post(_secrets(SYSTEM_NAMESPACE), own_secrets.body(name, data))
        return own_secrets.texts(await self._api.get(path))

    async def replace_secret(self, name: str, data: Mapping[str, str], *, was: Mapping[str, str]) -> bool:
        stored = await self._api.get(path := f"{_secrets(SYSTEM_NAMESPACE)}/{name}")
        if own_secrets.texts(stored) != dict(was):
            return False
        with contextlib.suppress(Conflict):
            await self._api.put(path, own_secrets.body(name, data, stored["metadata"]["resourceVersion"]))
            return True
        return False

    async def secret_names(self, namespace: str, label: str) -> list[str]:
        found = await self._in(namespace).get(_secrets(namespace), {"labelSelector": label}, accept=METADATA_ONLY)
        return [item["metadata"]["name"] for item in _items(found)]

    async def may_write(self, namespace: str, user: str) -> bool:
        attributes = {"namespace": namespace, "verb": "create", "resource": "secrets"}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes}}  # fmt: skip
        answer = await self._api.acting_as(user).post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
        return bool(answer.get("status", {}).get("allowed"))

    async def live(self, namespace: str, kinds: Collection[str]) -> list[Object]:
        return await Following(_Objects(self._in(namespace)), namespace, kinds).objects()

    @asynccontextmanager
    async def following(self, namespace: str, kinds: Collection[str]) -> AsyncGenerator[Following]:
        followed = Following(_Objects(self._in(namespace)), namespace, kinds)
        try:
            yield followed
        finally:
            await followed.end()

    async def warnings(self, namespace: str) -> list[Object]:
        found = await self._in(namespace).get(
            f"/api/v1/namespaces/{namespace}/events", {"fieldSelector": "type=Warning", "limit": "200"}
        )
        return sorted(_items(found), key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")


class _Objects:
    """Objects of a namespace, seen with its tenant's rights."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    async def list(self, path: str) -> Listing:
        listed = await self._api.get(path)
        return Listing(items=_items(listed), version=listed["metadata"]["resourceVersion"])

    def watch(self, path: str, version: str, timeout_sec: float) -> AsyncGenerator[bytes]:
        return self._api.watch(path, version, timeout_sec)


def _secrets(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"


def _record(namespace: str, release: str, revision: int) -> str:
    return f"{_secrets(namespace)}/{releases.secret_name(release, revision)}"


@contextlib.contextmanager
def _still_there(what: str) -> Generator[None]:
    """What was observed a moment ago may be gone or changed by now: time helps, a new pass looks again."""
    try:
        yield
    except (NotThere, Conflict) as error:
        raise transient("cluster_changed", f"{what} was changed or removed in between") from error


def _items(listed: Object) -> list[Object]:
    """Return a list's items; an empty list of metadata has null there."""
    return listed["items"] or []
