"""What is there, against what is wanted: one named state with its reason."""

from enum import StrEnum
from uuid import UUID

import msgspec

from slipway_executor.cluster.port import Namespace, ReleaseRecord


class State(StrEnum):
    """Where a deployment's namespace and release stand."""

    FOREIGN = "foreign"
    """The namespace is there and not this deployment's: never touched."""
    GONE = "gone"
    """No namespace."""
    TERMINATING = "terminating"
    """The namespace is being removed; nothing can be created in it."""
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
    IN_SYNC = "in_sync"
    """The last revision is deployed from the wanted chart and values."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    installation: UUID
    deployment: UUID
    digest: str


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    namespace: Namespace | None
    history: tuple[ReleaseRecord, ...] = ()
    """Oldest first."""

    @property
    def last(self) -> ReleaseRecord | None:
        return self.history[-1] if self.history else None


class Classified(msgspec.Struct, frozen=True, kw_only=True):
    state: State
    reason: str


PENDING_WORDS = frozenset({"pending-install", "pending-upgrade", "pending-rollback"})


def classify(observed: Observed, wanted: Wanted) -> Classified:
    """Return the state and one sentence for people."""
    namespace = observed.namespace
    if namespace is None:
        return Classified(state=State.GONE, reason="there is no namespace")
    if (namespace.installation, namespace.deployment) != (str(wanted.installation), str(wanted.deployment)):
        return Classified(
            state=State.FOREIGN, reason=f"the namespace {namespace.name} was not made for this deployment"
        )
    if namespace.terminating:
        return Classified(state=State.TERMINATING, reason=namespace.remaining or "the namespace is being removed")
    last = observed.last
    if last is None or last.status == "uninstalled":
        return Classified(state=State.ABSENT, reason="there is no release")
    if last.status in PENDING_WORDS:
        return Classified(state=State.PENDING, reason=f"revision {last.revision} was left {last.status}")
    if last.status == "uninstalling":
        return Classified(state=State.UNINSTALLING, reason=f"revision {last.revision} was left uninstalling")
    if last.status == "failed":
        once = any(record.status in ("deployed", "superseded") for record in observed.history)
        state = State.FAILED_UPGRADE if once else State.FAILED_INSTALL
        return Classified(state=state, reason=f"revision {last.revision} failed")
    if last.status != "deployed" or last.digest != wanted.digest:
        return Classified(
            state=State.OUT_OF_SYNC, reason=f"revision {last.revision} is from another chart or other values"
        )
    return Classified(state=State.IN_SYNC, reason=f"revision {last.revision} is what is wanted")
