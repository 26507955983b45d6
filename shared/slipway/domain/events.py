"""The public event feed: CloudEvents 1.0 whose types are named here and described in docs/events.md."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class EventType(StrEnum):
    """Every `type` on the feed. Within a major version only optional data fields are added."""

    DEPLOYMENT_CREATED = "dev.slipway.deployment.created.v1"
    DEPLOYMENT_CHANGED = "dev.slipway.deployment.changed.v1"
    """Domain, values, owner, template or expiry were changed; `fields` names them."""
    DEPLOYMENT_DELETE_REQUESTED = "dev.slipway.deployment.delete_requested.v1"
    DEPLOYMENT_RECONCILE_REQUESTED = "dev.slipway.deployment.reconcile_requested.v1"
    DEPLOYMENT_STARTED = "dev.slipway.deployment.started.v1"
    """An executor claimed the job."""
    DEPLOYMENT_PROGRESSED = "dev.slipway.deployment.progressed.v1"
    """The release was applied; its objects are being watched until ready."""
    DEPLOYMENT_READY = "dev.slipway.deployment.ready.v1"
    DEPLOYMENT_FAILED = "dev.slipway.deployment.failed.v1"
    """A try failed; `will_retry` tells whether another follows by itself."""
    DEPLOYMENT_DELETED = "dev.slipway.deployment.deleted.v1"
    DEPLOYMENT_CANCEL_REQUESTED = "dev.slipway.deployment.cancel_requested.v1"
    DEPLOYMENT_SUSPENDED = "dev.slipway.deployment.suspended.v1"
    DEPLOYMENT_RESUMED = "dev.slipway.deployment.resumed.v1"
    DEPLOYMENT_RESTART_REQUESTED = "dev.slipway.deployment.restart_requested.v1"
    DEPLOYMENT_TEST_REQUESTED = "dev.slipway.deployment.test_requested.v1"
    DEPLOYMENT_TESTED = "dev.slipway.deployment.tested.v1"
    """The chart's tests ran; `succeeded` tells how they ended."""
    DEPLOYMENT_DRIFTED = "dev.slipway.deployment.drifted.v1"
    """Live objects differ from the applied revision; `objects` names them and their fields."""
    DEPLOYMENT_EXPIRES_SOON = "dev.slipway.deployment.expires_soon.v1"
    DEPLOYMENT_SECRET_CHANGED = "dev.slipway.deployment.secret_changed.v1"  # noqa: S105 - a name
    DEPLOYMENT_GIVEN_UP = "dev.slipway.deployment.given_up.v1"
    """Its cluster was forgotten: it counts as deleted, and nothing was removed."""
    OBJECT_READ = "dev.slipway.object.read.v1"
    """An admin looked at somebody's deployment; `what` says at what of it."""
    JOB_QUARANTINED = "dev.slipway.job.quarantined.v1"
    JOB_REQUEUED = "dev.slipway.job.requeued.v1"
    JOB_FAILED = "dev.slipway.job.failed.v1"
    USER_CREATED = "dev.slipway.user.created.v1"
    USER_CHANGED = "dev.slipway.user.changed.v1"
    USER_DELETED = "dev.slipway.user.deleted.v1"
    USER_SIGNED_IN = "dev.slipway.user.signed_in.v1"
    USER_SIGNED_OUT = "dev.slipway.user.signed_out.v1"
    """By the user, or because a refresh token was used twice."""
    USER_LINK_MADE = "dev.slipway.user.link_made.v1"
    """A code that signs the user in once was made."""
    TOKEN_CREATED = "dev.slipway.user.token_created.v1"  # noqa: S105 - a name
    TOKEN_DELETED = "dev.slipway.user.token_deleted.v1"  # noqa: S105 - a name
    PRODUCT_CREATED = "dev.slipway.product.created.v1"
    PRODUCT_CHANGED = "dev.slipway.product.changed.v1"
    PRODUCT_DELETED = "dev.slipway.product.deleted.v1"
    TEMPLATE_CREATED = "dev.slipway.template.created.v1"
    CHART_UPLOADED = "dev.slipway.chart.uploaded.v1"
    TEMPLATE_WITHDRAWN = "dev.slipway.template.withdrawn.v1"
    QUOTA_CHANGED = "dev.slipway.user.quota_changed.v1"
    ROLLOUT_STARTED = "dev.slipway.rollout.started.v1"
    ROLLOUT_FINISHED = "dev.slipway.rollout.finished.v1"
    CLUSTER_CREATED = "dev.slipway.cluster.created.v1"
    CLUSTER_FORGOTTEN = "dev.slipway.cluster.forgotten.v1"
    REGISTRY_CREATED = "dev.slipway.registry.created.v1"
    REGISTRY_DELETED = "dev.slipway.registry.deleted.v1"
    DRIFT_SCAN_REQUESTED = "dev.slipway.installation.drift_scan_requested.v1"
    """An admin had every ready deployment compared with its release."""
    INSTALLATION_RESTORED = "dev.slipway.installation.restored.v1"
    """PostgreSQL was restored to an earlier time: positions begin anew in a higher epoch."""
    REFUSED = "dev.slipway.request.refused.v1"
    """A known user's request was refused (401 and 422 excepted: nothing was decided)."""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who did it: a user, or the service itself."""

    kind: str
    """`user` or `system`."""
    id: str
    """The user's id, or the service's name."""
    via: str = "api"
    address: str | None = None
    """Where the request came from."""


SYSTEM = "system"


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """CloudEvents 1.0, structured JSON. `slipwaypos` is gapless per `slipwayepoch`, `slipwayseq` per deployment."""

    id: str
    source: str
    type: str
    time: datetime
    slipwaypos: int
    slipwayepoch: int
    specversion: str = "1.0"
    datacontenttype: str = "application/json"
    subject: str | None = None
    """`deployments/<id>`, `users/<id>`, ... : the object that the event is about."""
    slipwayseq: int | None = None
    slipwayowner: UUID | None = None
    """The user whose object it is; the live feed filters by it."""
    data: dict[str, Any] = {}


def without_address(event: CloudEvent) -> CloudEvent:
    """Return the event as the owner of its object may see it: not from where somebody else asked."""
    match event.data:
        case {"actor": {"address": _, **actor}}:
            return msgspec.structs.replace(event, data={**event.data, "actor": actor})
        case _:
            return event
