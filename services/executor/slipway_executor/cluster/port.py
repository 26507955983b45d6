"""Everything that Slipway asks of a Kubernetes cluster beside running Helm. All errors are `OperationFailed`.

What is in a tenant's namespace is read and written as the tenant (`cluster.users`), so only once its rights are laid.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol
from uuid import UUID

import msgspec

INSTALLATION_LABEL = "slipway.dev/installation"
DEPLOYMENT_LABEL = "slipway.dev/deployment"
TENANT_ANNOTATION = "slipway.dev/tenant"
ADOPTED_ANNOTATION = "slipway.dev/adopted"
LEFT_ANNOTATION = "slipway.dev/left-by"
SYSTEM_NAMESPACE = "slipway-system"
NO_DRY_RUN = "dry_run_unsupported"
"""The code of a dry run that the API server refuses, as it would have to ask a webhook that has side effects."""
UNKNOWN_KIND = "unknown_kind"
"""The code of a failure at an object whose kind the cluster does not serve."""

Object = dict[str, Any]
"""A Kubernetes object as the API gives it."""
Labels = Mapping[str, str | None]


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    uid: str
    installation: str | None
    deployment: str | None
    tenant: str | None = None
    """Digest of the tenant's rules that were laid into it."""
    adopted: bool = False
    """It was there before Slipway: it stays when the deployment goes."""
    left_by: str | None = None
    """The deployment that had adopted it, and gave it back when it was deleted."""
    terminating: bool = False
    remaining: str | None = None
    """While terminating: what the API server says it still waits for."""

    @property
    def open(self) -> bool:
        """Its tenant has rights in it: before that, and when it goes, nobody of ours looks inside."""
        return self.tenant is not None and not self.terminating


class ReleaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One revision as Helm stored it: its number, Helm's status word, and Slipway's labels."""

    revision: int
    status: str
    generation: int | None = None
    digest: str | None = None
    fence: int | None = None


class LeaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The Kubernetes Lease of a deployment: who may write, under which fence. An empty holder is nobody."""

    name: str
    holder: str
    fence: int
    resource_version: str


class LogRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which of a pod's log lines are wanted."""

    pod: str
    container: str | None = None
    tail: int = 100
    previous: bool = False
    """Of the container's run before this one."""


class LeaseConflict(Exception):
    """Somebody else created or changed the Lease in between."""


class Followed(Protocol):
    """Live objects that are followed."""

    async def objects(self) -> list[Object]:
        """Return what is there: as it was told, or listed anew when nothing was heard since the last time."""
        ...

    async def change(self) -> None:
        """Return when something of `objects` has changed. It may never: changes are not told by a server in trouble."""
        ...


class Cluster(Protocol):
    async def ready(self) -> None:
        """Raise unless the API server answers."""
        ...

    async def namespace(self, name: str) -> Namespace | None: ...
    async def namespaces_of(self, installation: UUID) -> list[Namespace]:
        """Return the namespaces that bear an installation's label, at most 5,000."""
        ...

    async def create_namespace(self, name: str, *, installation: UUID, deployment: UUID) -> None:
        """Make it with Slipway's labels. An existing one is left alone: the next observation judges it."""
        ...

    async def mark_namespace(self, name: str, *, labels: Labels, annotations: Labels) -> None:
        """Set labels and annotations; None removes one."""
        ...

    async def delete_namespace(self, name: str, *, uid: str) -> None:
        """Ask for its removal, if it is still the one with this uid."""
        ...

    async def held_up(self, namespace: str) -> list[str]:
        """Return what keeps a terminating namespace from going: its objects that are there still, with their finalizers.

        Empty when nobody whom we act as may see them any more.
        """
        ...

    async def lease(self, name: str) -> LeaseRecord | None: ...
    async def create_lease(self, name: str, *, holder: str, fence: int) -> LeaseRecord: ...
    async def replace_lease(self, lease: LeaseRecord, *, holder: str, fence: int) -> LeaseRecord:
        """Compare-and-swap on the record's resourceVersion; LeaseConflict when it was changed."""
        ...

    async def remove_lease(self, lease: LeaseRecord) -> None:
        """Remove it, if it is still this record; LeaseConflict when it was changed. One that is gone is a success."""
        ...

    async def release_history(self, namespace: str, release: str) -> list[ReleaseRecord]:
        """Return the stored revisions, oldest first; empty when there is no release."""
        ...

    async def manifest(self, namespace: str, release: str, revision: int) -> list[Object]:
        """Return the objects of a stored revision, as they were rendered."""
        ...

    async def notes(self, namespace: str, release: str, revision: int) -> str:
        """Return what the chart of a stored revision tells its user."""
        ...

    async def logs(self, namespace: str, wanted: LogRequest) -> str:
        """Return the last lines that a container printed, at most 256 KiB."""
        ...

    def follow_logs(self, namespace: str, wanted: LogRequest) -> AsyncIterator[bytes]:
        """Yield what a container printed last and goes on to print, in pieces of at most 64 KiB, until it ends."""
        ...

    async def fail_record(self, namespace: str, release: str, revision: int) -> None:
        """Mark a revision that was left pending as failed, with its resourceVersion. Only for the Lease's holder."""
        ...

    async def label_record(self, namespace: str, release: str, revision: int, labels: Labels) -> None:
        """Set labels of a stored revision, and nothing else of it."""
        ...

    async def remove_record(self, namespace: str, release: str, revision: int) -> None:
        """Remove a stored revision; one that is not there is a success."""
        ...

    async def namespaced(self, api_version: str, kind: str) -> bool | None:
        """Tell whether objects of this kind live in namespaces; None when the cluster does not serve it."""
        ...

    async def find(self, item: Object, namespace: str) -> Object | None:
        """Return the live object of this kind and name; None when it is not there or its kind is not served."""
        ...

    async def apply(
        self, item: Object, namespace: str, *, manager: str, dry_run: bool = False, as_user: str | None = None
    ) -> Object:
        """Apply an object on the server, taking over what others have set; return what it is (or would be) then.

        `as_user` None: the executor itself, and for a dry run whoever may look at the object.
        """
        ...

    async def annotate(self, item: Object, namespace: str, patch: Object) -> None:
        """Merge a patch into a live object; one that is gone is left alone."""
        ...

    async def remove(self, item: Object, namespace: str) -> None:
        """Ask for an object's removal; one that is not there is a success."""
        ...

    async def keep_secret(self, name: str, data: Mapping[str, str]) -> dict[str, str]:
        """Return a Secret of Slipway's own namespace, made of `data` when it is not there yet."""
        ...

    async def replace_secret(self, name: str, data: Mapping[str, str], *, was: Mapping[str, str]) -> bool:
        """Change a Secret of Slipway's own namespace; False when it was changed in between."""
        ...

    async def secret_names(self, namespace: str, label: str) -> list[str]:
        """Return the names of the Secrets that bear a label."""
        ...

    async def may_write(self, namespace: str, user: str) -> bool:
        """Tell whether this user may write in the namespace already (bindings take a moment to be known)."""
        ...

    async def live(self, namespace: str, kinds: Collection[str]) -> list[Object]:
        """Return the live objects of these kinds (those that readiness knows) in the namespace."""
        ...

    def following(self, namespace: str, kinds: Collection[str]) -> AbstractAsyncContextManager[Followed]:
        """Follow the live objects of these kinds (those that readiness knows) for as long as the context is open."""
        ...

    async def warnings(self, namespace: str) -> list[Object]:
        """Return the namespace's Warning events, newest last."""
        ...
