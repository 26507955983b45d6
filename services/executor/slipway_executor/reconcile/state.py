"""What is there, against what is wanted: one named state with its reason."""

from enum import StrEnum
from itertools import takewhile
from uuid import UUID

import msgspec

from slipway.domain.revisions import Drifted
from slipway_executor.cluster.port import Namespace, ReleaseRecord


class State(StrEnum):
    """Where a deployment's namespace and release stand."""

    FOREIGN = "foreign"
    """The namespace is there and not this deployment's: never touched."""
    ADOPTABLE = "adoptable"
    """Nobody's namespace, with a release that an admin asked to take over."""
    GONE = "gone"
    """No namespace, or one that was left to its former owner."""
    TERMINATING = "terminating"
    """The namespace is being removed; nothing can be created in it."""
    UNPREPARED = "unprepared"
    """The namespace is ours and lacks the tenant's rules as they are now."""
    ABSENT = "absent"
    """The namespace is ours and holds no release."""
    PENDING = "pending"
    """An install, upgrade or rollback was interrupted; Helm refuses to go on until its record is settled."""
    UNINSTALLING = "uninstalling"
    """An uninstall was interrupted."""
    FAILED_INSTALL = "failed_install"
    """No revision was ever deployed and the last one failed."""
    FAILED_UPGRADE = "failed_upgrade"
    """The last revision failed over one that was deployed."""
    OUT_OF_SYNC = "out_of_sync"
    """Deployed, from another chart or other values."""
    UNTIDY = "untidy"
    """In sync, after failed revisions that may have left objects behind: their records are there still."""
    DRIFTED = "drifted"
    """In sync by its record, but live objects were compared and differ."""
    IN_SYNC = "in_sync"
    """The last revision is deployed from the wanted chart and values."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    installation: UUID
    deployment: UUID
    digest: str
    deleting: bool = False
    adopting: bool = False
    tenant: str | None = None
    """Digest of the rules that the namespace shall have."""


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    namespace: Namespace | None
    history: tuple[ReleaseRecord, ...] = ()
    """Oldest first."""
    drift: tuple[Drifted, ...] = ()
    """How live objects differ, when they were compared."""

    @property
    def last(self) -> ReleaseRecord | None:
        return self.history[-1] if self.history else None

    @property
    def failed_before_last(self) -> list[ReleaseRecord]:
        """Slipway's failed revisions since the last one that was deployed, the newest one aside."""
        before = takewhile(lambda record: record.status == "failed", reversed(self.history[:-1]))
        return [record for record in before if record.generation is not None]


class Classified(msgspec.Struct, frozen=True, kw_only=True):
    state: State
    reason: str
    adopted: bool = False
    """The namespace was there before Slipway."""


PENDING_WORDS = frozenset({"pending-install", "pending-upgrade", "pending-rollback"})


def classify(observed: Observed, wanted: Wanted) -> Classified:
    """Return the state and one sentence for people."""
    namespace = observed.namespace
    if namespace is None:
        return Classified(state=State.GONE, reason="there is no namespace")
    if (namespace.installation, namespace.deployment) != (str(wanted.installation), str(wanted.deployment)):
        return _not_ours(namespace, wanted)
    state, reason = _ours(namespace, observed, wanted)
    return Classified(state=state, reason=reason, adopted=namespace.adopted)


def _not_ours(namespace: Namespace, wanted: Wanted) -> Classified:
    if namespace.left_by == str(wanted.deployment) and wanted.deleting:
        return Classified(state=State.GONE, reason="the namespace was left to its former owner")
    if wanted.adopting and not wanted.deleting and namespace.installation is None and not namespace.terminating:
        return Classified(state=State.ADOPTABLE, reason="the release waits to be taken over")
    return Classified(state=State.FOREIGN, reason=f"the namespace {namespace.name} was not made for this deployment")


def _ours(namespace: Namespace, observed: Observed, wanted: Wanted) -> tuple[State, str]:
    if namespace.terminating:
        return State.TERMINATING, namespace.remaining or "the namespace is being removed"
    if namespace.tenant is None or (not wanted.deleting and namespace.tenant != wanted.tenant):
        return State.UNPREPARED, "the namespace lacks the tenant's rules as they are now"
    last = observed.last
    if last is None or last.status == "uninstalled":
        return State.ABSENT, "there is no release"
    if last.status in PENDING_WORDS:
        return State.PENDING, f"revision {last.revision} was left {last.status}"
    if last.status == "uninstalling":
        return State.UNINSTALLING, f"revision {last.revision} was left uninstalling"
    if last.status == "failed":
        once = any(record.status in ("deployed", "superseded") for record in observed.history)
        return State.FAILED_UPGRADE if once else State.FAILED_INSTALL, f"revision {last.revision} failed"
    if last.status != "deployed" or last.digest != wanted.digest:
        return State.OUT_OF_SYNC, f"revision {last.revision} is from another chart or other values"
    if observed.failed_before_last and not wanted.deleting:
        return State.UNTIDY, "failed revisions before this one may have left objects"
    if observed.drift:
        names = ", ".join(f"{each.kind} {each.name}" for each in observed.drift[:3])
        return State.DRIFTED, f"live objects differ from revision {last.revision}: {names}"
    return State.IN_SYNC, f"revision {last.revision} is what is wanted"
