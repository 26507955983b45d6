"""Live questions of protocol major 1: asked by the API or a scheduler, answered by any executor of the cluster.

Subject `slipway.query.v1.<cluster>.<kind>`, the kind being the name in QUERIES. The asker has a deadline; nothing is stored.
Every answer may carry a `failure` instead of its content; code `busy` means: ask again later.
"""

from datetime import datetime
from typing import Any
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


class ReadNotes(msgspec.Struct, frozen=True, kw_only=True):
    """What does the chart tell its user?"""

    place: Place


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


RESOLVE, PREVIEW, DRIFT, RESOURCES, NOTES, LOGS = "resolve", "preview", "drift", "resources", "notes", "logs"
QUERIES: dict[str, type[msgspec.Struct]] = {
    RESOLVE: ResolveChart, PREVIEW: PreviewRelease, DRIFT: FindDrift, RESOURCES: ListResources,
    NOTES: ReadNotes, LOGS: ReadLogs,
}  # fmt: skip
