"""Live questions of protocol major 1: asked by the API or a scheduler, answered by any executor of the cluster.

Subject `slipway.query.v1.<cluster>.<kind>`, the kind being the name in QUERIES. The asker has a deadline; nothing is stored.
Every answer may carry a `failure` instead of its content; code `busy` means: ask again later.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from slipway.domain.charts import Allowances, SecretField
from slipway.domain.failures import Failure
from slipway.domain.revisions import Drifted
from slipway.domain.usage import Usage
from slipway.messaging.messages import Chart, Sealed


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Whose release is asked about. A namespace that was not made for this deployment is never read."""

    installation: UUID
    deployment: UUID
    namespace: str
    release: str


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    failure: Failure | None = None


class ResolveChart(msgspec.Struct, frozen=True, kw_only=True):
    """Which digest does this reference have, and may it be used?"""

    chart: Chart
    registries: tuple[Sealed, ...] = ()


class ResolvedChart(Answered, frozen=True, kw_only=True):
    digest: str | None = None


class InspectChart(msgspec.Struct, frozen=True, kw_only=True):
    """What does this chart say of itself? Without a reference it is one that was uploaded, named by its digest."""

    chart: Chart
    registries: tuple[Sealed, ...] = ()


class InspectedChart(Answered, frozen=True, kw_only=True):
    digest: str | None = None
    name: str = ""
    version: str = ""
    app_version: str | None = None
    description: str | None = None
    values: dict[str, Any] | None = None
    values_schema: dict[str, Any] | None = None


class PreviewRelease(msgspec.Struct, frozen=True, kw_only=True):
    """What would these values do to the release? Rendered, and dry-run on the server where the namespace exists."""

    place: Place
    chart: Chart
    values: dict[str, Any]
    secrets: tuple[Sealed, ...] = ()
    secret_fields: dict[str, SecretField] = {}
    registries: tuple[Sealed, ...] = ()
    allow: Allowances = Allowances()


class ObjectName(msgspec.Struct, frozen=True, kw_only=True):
    api_version: str
    kind: str
    name: str


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an object, values masked where they are secret. `before` or `after` is absent when the field is."""

    pointer: str
    before: Any = None
    after: Any = None


class ObjectChange(ObjectName, frozen=True, kw_only=True):
    fields: list[FieldChange] = []


class PreviewedRelease(Answered, frozen=True, kw_only=True):
    added: list[ObjectName] = []
    changed: list[ObjectChange] = []
    removed: list[ObjectName] = []
    usage: Usage = Usage()
    mark: str | None = None
    """Keyed hash of what was rendered; None when two renderings differed."""
    dry_run: bool = False
    """Whether the API server judged the objects; it cannot before their namespace exists."""
    empties: bool = False
    """Every object of the release would be removed."""


class FindDrift(msgspec.Struct, frozen=True, kw_only=True):
    """Does the cluster hold what the applied revision says?"""

    place: Place
    revision: int
    ignore: tuple[str, ...] = ()


class FoundDrift(Answered, frozen=True, kw_only=True):
    objects: list[Drifted] = []
    release: str | None = None
    """What happened to the release itself: `missing`, or `changed` by somebody else."""


class ListResources(msgspec.Struct, frozen=True, kw_only=True):
    """Which objects does the release have, and how are they?"""

    place: Place


class Resource(ObjectName, frozen=True, kw_only=True):
    ready: bool
    reason: str | None = None
    """Why it is not ready."""
    created_at: datetime | None = None


class Container(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    image: str
    ready: bool
    restarts: int
    state: str
    """`running`, `waiting: <reason>` or `terminated: <reason>`."""


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    phase: str
    ready: bool
    reason: str | None = None
    node: str | None = None
    created_at: datetime | None = None
    containers: list[Container] = []


class ListedResources(Answered, frozen=True, kw_only=True):
    objects: list[Resource] = []
    pods: list[Pod] = []


class ReadObject(msgspec.Struct, frozen=True, kw_only=True):
    """How is one of its objects, or one of its pods, in the cluster?"""

    place: Place
    kind: str
    """In any case: `deployment` is `Deployment`."""
    name: str
    api_version: str | None = None
    """Needed only where two groups have such a kind."""
    secrets: tuple[Sealed, ...] = ()
    """Those that must not stand in it."""


class ObjectRead(Answered, frozen=True, kw_only=True):
    manifest: dict[str, Any] = {}
    shortened: bool = False
    """Long texts were cut, or only its name is left, because it is too large to be sent."""


class ReadNotes(msgspec.Struct, frozen=True, kw_only=True):
    """What does the chart tell its user?"""

    place: Place
    secrets: tuple[Sealed, ...] = ()
    """Those that must not stand in it."""


class NotesRead(Answered, frozen=True, kw_only=True):
    notes: str = ""


class ReadLogs(msgspec.Struct, frozen=True, kw_only=True):
    """What did a pod print? With `follow_to`, what it goes on to print is sent to that subject until nobody listens."""

    place: Place
    pod: str
    container: str | None = None
    tail: int = 100
    previous: bool = False
    follow_to: str | None = None


class LogsRead(Answered, frozen=True, kw_only=True):
    text: str = ""


class RotateKey(msgspec.Struct, frozen=True, kw_only=True):
    """Give the cluster a new key for secrets. `prepare`: all executors learn to open with it; `promote`: it is the one."""

    step: Literal["prepare", "promote"]


class KeyRotated(Answered, frozen=True, kw_only=True):
    public_key: str = ""
    """Of the key that was prepared, or is in use now."""


class Reseal(msgspec.Struct, frozen=True, kw_only=True):
    """Open these with whichever key they were sealed to, and seal them to the one in use."""

    sealed: tuple[Sealed, ...]


class Resealed(Answered, frozen=True, kw_only=True):
    sealed: tuple[Sealed, ...] = ()
    """In the same order; one that was sealed to the key in use is as it was."""


class ListNamespaces(msgspec.Struct, frozen=True, kw_only=True):
    """Which namespaces does the cluster have that were made for an installation?"""

    installation: UUID


class OwnedNamespace(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    deployment: str
    """The deployment that it was made for, as its label says."""


class ListedNamespaces(Answered, frozen=True, kw_only=True):
    """At most 5,000; those that are going already are left out."""

    namespaces: list[OwnedNamespace] = []


class ForgetLeases(msgspec.Struct, frozen=True, kw_only=True):
    """Remove the Leases of these deployments: they have been gone for long."""

    deployments: tuple[UUID, ...]


class ForgottenLeases(Answered, frozen=True, kw_only=True):
    """Those of them that have no Lease any more."""

    deployments: tuple[UUID, ...] = ()


RESOLVE, PREVIEW, DRIFT, RESOURCES, NOTES, LOGS = "resolve", "preview", "drift", "resources", "notes", "logs"
OBJECT = "object"
NAMESPACES, ROTATE, RESEAL, LEASES, INSPECT = "namespaces", "rotate", "reseal", "leases", "inspect"
QUERIES: dict[str, type[msgspec.Struct]] = {
    RESOLVE: ResolveChart, PREVIEW: PreviewRelease, DRIFT: FindDrift, RESOURCES: ListResources,
    OBJECT: ReadObject, NOTES: ReadNotes, LOGS: ReadLogs, NAMESPACES: ListNamespaces,
    ROTATE: RotateKey, RESEAL: Reseal, LEASES: ForgetLeases, INSPECT: InspectChart,
}  # fmt: skip
OF_SCHEDULERS = (DRIFT, NAMESPACES, LEASES)
"""Asked with a scheduler's rights only; all others with the API's only."""
