"""Every message of protocol major 1 between scheduler and executor, as it stands on the wire (JSON).

Only optional fields may be added; unknown ones are ignored by the reader. Durations are milliseconds, ids are UUIDs.
"""

from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from slipway.domain.charts import Allowances, SecretField
from slipway.domain.failures import Failure
from slipway.domain.outcomes import Outcome
from slipway.domain.revisions import Drifted, GoodRevision
from slipway.domain.usage import Usage


class Action(StrEnum):
    """What a command asks for."""

    APPLY = "apply"
    """Make the release be what `chart` and `values` say, and ready."""
    DELETE = "delete"
    """Uninstall the release and remove the namespace."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Where the chart's archive comes from. `builtin` names a chart that ships with the executor and needs no fetch."""

    ref: str | None = None
    """`oci://host/repository` or `https://host/path/chart`; None: it was uploaded, and is kept by its digest."""
    version: str | None = None
    digest: str | None = None
    """`sha256:<hex>`: of the OCI manifest, or of the archive for https and uploads."""
    builtin: str | None = None
    plain_http: bool = False


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A secret sealed to the cluster's key (base64). `name` says which: a field's JSON pointer, or a registry's host."""

    name: str
    ciphertext: str


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One leased job, with everything an executor needs. Message id `<job>:<fence>`."""

    job: UUID
    fence: int
    generation: int
    attempt: int
    reason: str
    action: Action
    cluster: str
    installation: UUID
    deployment: UUID
    owner: UUID
    namespace: str
    release: str
    chart: Chart | None = None
    """Absent for a delete: no chart is needed to remove a release."""
    values: dict[str, Any] = {}
    """Merged and checked: the chart's own values.yaml lies below them. Not for logs."""
    digest: str = ""
    """40 hex digits over chart identity and canonical values."""
    health_timeout_sec: int = 300
    options: tuple[str, ...] = ()
    """`domain.jobs.JobOption`s; one that is not known is left out."""
    ever_applied: bool = True
    """Whether a release of this deployment was ever seen in the cluster."""
    good: GoodRevision | None = None
    keep_failed: bool = False
    """Leave a failed upgrade as it is rather than going back to `good`."""
    last_attempt: bool = False
    """A transient failure of this try is final."""
    force_fields: bool = False
    """Take fields over that somebody else has set: for templates whose drift is corrected."""
    drift_ignore: tuple[str, ...] = ()
    allow: Allowances = Allowances()
    limits: Usage | None = None
    """What the namespace's objects may ask for in all."""
    granted: Usage | None = None
    """What they may ask for without a reservation: counted as the deployment's already, and within the limits."""
    secrets: tuple[Sealed, ...] = ()
    secret_fields: dict[str, SecretField] = {}
    registries: tuple[Sealed, ...] = ()
    """Credentials by host: JSON `{"username", "password"}`, sealed."""
    pull: tuple[str, ...] | None = None
    """Hosts of those that pods may pull images with; None, as an older scheduler leaves it: all."""
    promised: str | None = None
    """Mark of what a preview showed: another rendering is refused before the first write."""
    traceparent: str | None = None
    """W3C trace context, here and in the messages that answer it."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    job: UUID
    fence: int
    instance: str
    """One executor process: a fresh random name at each start."""
    cluster: str
    traceparent: str | None = None


class ClaimVerdict(StrEnum):
    RUN = "run"
    DROP = "drop"
    """Taken by another, superseded, or finished: acknowledge and forget."""


class ClaimAnswer(msgspec.Struct, frozen=True, kw_only=True):
    verdict: ClaimVerdict


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """Asked before the first write of a release: may its owner have objects that ask for so much?"""

    job: UUID
    fence: int
    instance: str
    cluster: str
    usage: Usage


class Reserved(msgspec.Struct, frozen=True, kw_only=True):
    """From now on it counts as the deployment's, unless it is too much."""

    held: bool
    """Whether the job is the asker's; nothing was reserved otherwise."""
    beyond: tuple[str, ...] = ()
    """What would be beyond the owner's quota, in words; empty when it is granted."""


class JobPhase(StrEnum):
    APPLYING = "applying"
    """Holds a slot."""
    WATCHING = "watching"
    """Applied; waits for objects to be ready, without a slot."""


class HeldJob(msgspec.Struct, frozen=True, kw_only=True):
    job: UUID
    fence: int
    phase: JobPhase


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """Sent every 5 s, one for all jobs of an executor, idle or not."""

    instance: str
    cluster: str
    slots: int
    free: int
    version: str
    majors: tuple[int, ...] = (1,)
    jobs: tuple[HeldJob, ...] = ()
    public_key: str | None = None
    """The cluster's key for secrets: X25519, base64."""


class BeatVerdict(StrEnum):
    OK = "ok"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    FENCED = "fenced"
    """The job is no longer this executor's: stop and do not report an end."""


class JobVerdict(msgspec.Struct, frozen=True, kw_only=True):
    job: UUID
    fence: int
    verdict: BeatVerdict


class BeatAnswer(msgspec.Struct, frozen=True, kw_only=True):
    jobs: tuple[JobVerdict, ...] = ()


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What the cluster holds after the try, as stored there."""

    generation: int | None = None
    revision: int | None = None
    digest: str | None = None
    chart_digest: str | None = None
    app_status: str | None = None
    """Helm's own word for the revision: deployed, failed, ..."""
    newest: int | None = None
    """The last revision that Helm has, whatever became of it."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of what an executor saw and did. Applied only when `(fence, seq)` is newer. Id `<job>:<fence>:<seq>`."""

    job: UUID
    fence: int
    seq: int
    deployment: UUID
    cluster: str
    generation: int
    instance: str
    outcome: Outcome
    applied: Applied | None = None
    failure: Failure | None = None
    gone: bool = False
    """Release and namespace are observed to be gone (a delete's end)."""
    actions: tuple[str, ...] = ()
    """What was done, in order: `ensure_namespace`, `install`, `upgrade`, `uninstall`, ..."""
    usage: Usage | None = None
    """What the applied revision's objects ask for."""
    corrected: tuple[Drifted, ...] = ()
    """Live objects that differed and were set right."""
    failed_revision: int | None = None
    """Helm's number of a revision of this generation that failed."""
    rolled_back_to: int | None = None
    """The revision that a failed upgrade was taken back to."""
    test_failure: Failure | None = None
    """Why the chart's tests failed; with `tested`."""
    tested: bool = False
    timings_ms: dict[str, float] = {}
    """Durations on the executor's monotonic clock: `lease`, `helm`, `watch`, `executor` (all of them)."""
    stored_fence: int | None = None
    traceparent: str | None = None


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job is, for whoever looks at this moment: core, lossy, at most one a second."""

    job: UUID
    fence: int
    deployment: UUID
    owner: UUID
    cluster: str
    generation: int
    phase: JobPhase
    ready: int = 0
    """So many objects of the release are ready, of `total`; both 0 before they are watched."""
    total: int = 0


PIECE_BYTES = 512 * 1024
"""Of an archive, before base64: well below the 1 MiB that NATS carries."""


class ArchivePiece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a chart archive to be kept, or that was. Piece 0 is the OCI manifest, empty for https."""

    digest: str
    number: int
    total: int
    content: bytes


class WantedPiece(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    number: int


def command_id(job: UUID, fence: int) -> str:
    return f"{job}:{fence}"


def report_id(report: Report) -> str:
    return f"{report.job}:{report.fence}:{report.seq}"


def encode(message: msgspec.Struct | None) -> bytes:
    return msgspec.json.encode(message)
