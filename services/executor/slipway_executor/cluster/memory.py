"""A cluster in memory: namespaces, Leases, release records. With a settable failure for each method."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from itertools import count
from uuid import UUID

import msgspec

from slipway.domain.values import merge
from slipway_executor.cluster.port import (
    ADOPTED_ANNOTATION,
    DEPLOYMENT_LABEL,
    INSTALLATION_LABEL,
    LEFT_ANNOTATION,
    TENANT_ANNOTATION,
    UNKNOWN_KIND,
    Followed,
    Labels,
    LeaseConflict,
    LeaseRecord,
    LogRequest,
    Namespace,
    Object,
    ReleaseRecord,
)
from slipway_executor.cluster.releases import DIGEST_LABEL, GENERATION_LABEL
from slipway_executor.failing import terminal


def _same(one: Object, other: Object) -> bool:
    return (one["kind"], one["metadata"]["name"]) == (other["kind"], other["metadata"]["name"])


class MemoryCluster:
    def __init__(self) -> None:
        self.namespaces: dict[str, Namespace] = {}
        self.leases: dict[str, LeaseRecord] = {}
        self.releases: dict[tuple[str, str], list[ReleaseRecord]] = {}
        self.objects: list[Object] = []
        self.unknown: set[str] = set()
        """Kinds that the cluster does not serve."""
        self.rendered: list[Object] = []
        """What `manifest` returns."""
        self.failures: dict[str, Exception] = {}
        """Method name: what it raises."""
        self.calls: list[str] = []
        self.secrets: dict[str, dict[str, str]] = {}
        self.printed: dict[str, list[str]] = {}
        """Pod: the lines that it printed."""
        self._versions = count(1)
        self._changed = asyncio.Event()

    async def ready(self) -> None:
        self._call("ready")

    async def namespace(self, name: str) -> Namespace | None:
        self._call("namespace")
        return self.namespaces.get(name)

    async def namespaces_of(self, installation: UUID) -> list[Namespace]:
        self._call("namespaces_of")
        return [each for each in self.namespaces.values() if each.installation == str(installation)]

    async def create_namespace(self, name: str, *, installation: UUID, deployment: UUID) -> None:
        self._call("create_namespace")
        self.namespaces.setdefault(
            name, Namespace(name=name, uid=f"uid-{name}", installation=str(installation), deployment=str(deployment))
        )

    async def delete_namespace(self, name: str, *, uid: str) -> None:
        self._call("delete_namespace")
        if (found := self.namespaces.get(name)) and found.uid == uid:
            del self.namespaces[name]

    async def held_up(self, namespace: str) -> list[str]:  # noqa: ARG002
        self._call("held_up")
        return [f"{each['kind']} {each['metadata']['name']}" for each in self.objects]

    async def lease(self, name: str) -> LeaseRecord | None:
        self._call("lease")
        return self.leases.get(name)

    async def create_lease(self, name: str, *, holder: str, fence: int) -> LeaseRecord:
        self._call("create_lease")
        if name in self.leases:
            raise LeaseConflict(name)
        return self._store(name, holder, fence)

    async def replace_lease(self, lease: LeaseRecord, *, holder: str, fence: int) -> LeaseRecord:
        self._call("replace_lease")
        if self.leases.get(lease.name) != lease:
            raise LeaseConflict(lease.name)
        return self._store(lease.name, holder, fence)

    async def remove_lease(self, lease: LeaseRecord) -> None:
        self._call("remove_lease")
        if self.leases.get(lease.name) != lease:
            raise LeaseConflict(lease.name)
        del self.leases[lease.name]

    def _store(self, name: str, holder: str, fence: int) -> LeaseRecord:
        record = LeaseRecord(name=name, holder=holder, fence=fence, resource_version=str(next(self._versions)))
        self.leases[name] = record
        return record

    async def release_history(self, namespace: str, release: str) -> list[ReleaseRecord]:
        self._call("release_history")
        return list(self.releases.get((namespace, release), []))

    async def manifest(self, namespace: str, release: str, revision: int) -> list[Object]:  # noqa: ARG002
        self._call("manifest")
        return self.rendered

    async def notes(self, namespace: str, release: str, revision: int) -> str:  # noqa: ARG002
        return f"notes of revision {revision}"

    async def logs(self, namespace: str, wanted: LogRequest) -> str:  # noqa: ARG002
        self._call("logs")
        return "".join(f"{line}\n" for line in self.printed.get(wanted.pod, [])[-wanted.tail :])

    async def follow_logs(self, namespace: str, wanted: LogRequest) -> AsyncIterator[bytes]:  # noqa: ARG002
        for line in self.printed.get(wanted.pod, []):
            yield f"{line}\n".encode()

    async def fail_record(self, namespace: str, release: str, revision: int) -> None:
        self._call("fail_record")
        records = self.releases[namespace, release]
        self.releases[namespace, release] = [
            ReleaseRecord(revision=each.revision, status="failed", generation=each.generation, digest=each.digest)
            if each.revision == revision
            else each
            for each in records
        ]

    async def mark_namespace(self, name: str, *, labels: Labels, annotations: Labels) -> None:
        self._call("mark_namespace")
        found = self.namespaces[name]
        self.namespaces[name] = msgspec.structs.replace(
            found,
            installation=labels.get(INSTALLATION_LABEL, found.installation),
            deployment=labels.get(DEPLOYMENT_LABEL, found.deployment),
            tenant=annotations.get(TENANT_ANNOTATION, found.tenant),
            adopted=bool(annotations.get(ADOPTED_ANNOTATION, found.adopted)),
            left_by=annotations.get(LEFT_ANNOTATION, found.left_by),
        )

    async def label_record(self, namespace: str, release: str, revision: int, labels: Labels) -> None:
        self._call("label_record")
        self.releases[namespace, release] = [
            msgspec.structs.replace(
                each, generation=int(labels[GENERATION_LABEL] or 0), digest=labels[DIGEST_LABEL]
            ) if each.revision == revision else each
            for each in self.releases[namespace, release]
        ]  # fmt: skip

    async def remove_record(self, namespace: str, release: str, revision: int) -> None:
        self._call("remove_record")
        kept = [each for each in self.releases[namespace, release] if each.revision != revision]
        self.releases[namespace, release] = kept

    async def namespaced(self, api_version: str, kind: str) -> bool | None:  # noqa: ARG002
        if kind in self.unknown:
            return None
        return kind not in ("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace")

    async def find(self, item: Object, namespace: str) -> Object | None:  # noqa: ARG002
        self._call("find")
        return next((each for each in self.objects if _same(each, item)), None)

    async def apply(
        self,
        item: Object,
        namespace: str,
        *,
        manager: str,  # noqa: ARG002
        dry_run: bool = False,
        as_user: str | None = None,  # noqa: ARG002
    ) -> Object:
        """Merge deeply: what the applied object says wins, all else stays."""
        self._call("dry_run" if dry_run else "apply_object")
        if item["kind"] in self.unknown:
            raise terminal(UNKNOWN_KIND, f"the cluster does not know the kind {item['kind']}")
        there = await self.find(item, namespace)
        result = merge(there or {}, item)
        if not dry_run:
            self.set_objects(*[each for each in self.objects if not _same(each, item)], result)
        return result

    async def annotate(self, item: Object, namespace: str, patch: Object) -> None:
        self._call("annotate")
        if there := await self.find(item, namespace):
            self.set_objects(*[each for each in self.objects if not _same(each, item)], merge(there, patch))

    async def remove(self, item: Object, namespace: str) -> None:  # noqa: ARG002
        self._call("remove")
        self.set_objects(*[each for each in self.objects if not _same(each, item)])

    async def keep_secret(self, name: str, data: Mapping[str, str]) -> dict[str, str]:
        return self.secrets.setdefault(name, dict(data))

    async def replace_secret(self, name: str, data: Mapping[str, str], *, was: Mapping[str, str]) -> bool:
        if self.secrets.get(name) != dict(was):
            return False
        self.secrets[name] = dict(data)
        return True

    async def secret_names(self, namespace: str, label: str) -> list[str]:  # noqa: ARG002
        key, _, value = label.partition("=")
        return [
            each["metadata"]["name"]
            for each in self.objects
            if each["kind"] == "Secret" and each["metadata"].get("labels", {}).get(key) == value
        ]

    async def may_write(self, namespace: str, user: str) -> bool:  # noqa: ARG002
        self._call("may_write")
        return True

    async def live(self, namespace: str, kinds: Collection[str]) -> list[Object]:  # noqa: ARG002
        self._call("live")
        return [each for each in self.objects if each["kind"] in kinds]

    @asynccontextmanager
    async def following(self, namespace: str, kinds: Collection[str]) -> AsyncGenerator[Followed]:
        try:
            yield _Following(self, self._changed, namespace, kinds)
        finally:
            self.calls.append("ended")

    async def warnings(self, namespace: str) -> list[Object]:  # noqa: ARG002
        return [each for each in self.objects if each["kind"] == "Event"]

    def set_objects(self, *objects: Object) -> None:
        """Change what is live, and tell whoever waits for a change."""
        self.objects = list(objects)
        self._changed.set()

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failures:
            raise self.failures[name]


class _Following:
    def __init__(self, cluster: MemoryCluster, changed: asyncio.Event, namespace: str, kinds: Collection[str]) -> None:
        self._cluster = cluster
        self._changed = changed
        self._place = namespace, kinds

    async def objects(self) -> list[Object]:
        self._changed.clear()
        return await self._cluster.live(*self._place)

    async def change(self) -> None:
        await self._changed.wait()
