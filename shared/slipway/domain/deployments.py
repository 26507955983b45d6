"""The life of a deployment as its users see it."""

from enum import StrEnum


class DeploymentStatus(StrEnum):
    """Where a deployment stands. The database repeats this list as a CHECK."""

    PENDING = "pending"
    """Accepted, nothing asked of the cluster yet."""
    PROVISIONING = "provisioning"
    """Its first release is being installed."""
    READY = "ready"
    """The applied generation is the wanted one and every object was ready."""
    UPGRADING = "upgrading"
    """A newer generation is being applied over a release that was installed."""
    ERROR = "error"
    """The last try failed; `last_error` says why and `failure_class` what helps."""
    DELETING = "deleting"
    """Asked to be deleted; ends with `deleted`, whatever it takes."""
    DELETED = "deleted"
    """Release uninstalled and namespace gone. Nothing follows."""


def status_on_change(now: DeploymentStatus, *, applied: bool) -> DeploymentStatus:
    """Return the status that accepting a change sets: `upgrading` over an applied one, else `provisioning`."""
    if now in (DeploymentStatus.DELETING, DeploymentStatus.DELETED):
        raise ValueError(f"a {now} deployment accepts no change")
    return DeploymentStatus.UPGRADING if applied else DeploymentStatus.PROVISIONING
