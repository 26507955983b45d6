"""What stands under `data` of each event type. docs/schemas is generated from here; unknown fields are for readers to ignore."""

from typing import Any

import msgspec

from slipway.domain.events import Actor, EventType
from slipway.domain.failures import FailureClass


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """In every event: who did it."""

    actor: Actor


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was changed, by its JSON pointer in the deployment; long values are cut, secret ones masked."""

    field: str
    before: Any = None
    after: Any = None


class DeploymentAsked(Told, frozen=True, kw_only=True):
    """Somebody asked for something. `fields` names the columns that were changed, `changes` what in them."""

    status: str
    generation: int
    job: str | None = None
    template: str | None = None
    domain_name: str | None = None
    fields: list[str] = []
    changes: list[Change] = []


class DriftedObject(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    name: str
    fields: list[str] = []
    """JSON pointers; none when the object is missing."""


class JobStarted(Told, frozen=True, kw_only=True):
    job: str
    fence: int
    generation: int
    attempt: int
    reason: str


class DeploymentObserved(Told, frozen=True, kw_only=True):
    """An executor reported. `timings_ms`: milliseconds between the stages, database time, and the executor's durations."""

    status: str
    job: str
    fence: int
    attempt: int
    generation: int
    actions: list[str]
    timings_ms: dict[str, float]
    applied_generation: int | None = None
    revision: int | None = None
    corrected: list[DriftedObject] = []
    """Live objects that differed and were set right."""


class DeploymentFailed(DeploymentObserved, frozen=True, kw_only=True):
    failure_class: FailureClass
    code: str
    reason: str
    will_retry: bool
    rolled_back_to: int | None = None


class DeploymentTested(Told, frozen=True, kw_only=True):
    job: str
    succeeded: bool
    reason: str | None = None


class DeploymentDrifted(Told, frozen=True, kw_only=True):
    mode: str
    """`correct`, `warn` or `ignore`: what the template says."""
    objects: list[DriftedObject] = []
    release: str | None = None


class DeploymentExpires(Told, frozen=True, kw_only=True):
    expires_at: str


class SecretChanged(Told, frozen=True, kw_only=True):
    """The name of the secret, never its value."""

    name: str
    status: str
    generation: int


class Noted(Told, frozen=True, kw_only=True):
    what: str


class QuotaTold(Told, frozen=True, kw_only=True):
    user: str
    fields: list[str] = []


class RolloutTold(Told, frozen=True, kw_only=True):
    rollout: str
    product: str
    template: str
    status: str
    progress: dict[str, int] = {}


class ClusterTold(Told, frozen=True, kw_only=True):
    cluster: str
    deployments: int | None = None


class RegistryTold(Told, frozen=True, kw_only=True):
    registry: str
    host: str


class JobActed(Told, frozen=True, kw_only=True):
    """A job was quarantined, or an admin requeued or failed it."""

    job: str
    fence: int | None = None
    reason: str | None = None
    was: str | None = None


class UserTold(Told, frozen=True, kw_only=True):
    user: str
    is_admin: bool | None = None
    fields: list[str] = []
    deployments: int | None = None


class SignInTold(Told, frozen=True, kw_only=True):
    """`via` tells how somebody came in (password, link, oidc), or why the sign-in ended."""

    user: str
    via: str


class TokenTold(Told, frozen=True, kw_only=True):
    """A personal token, by its id and name."""

    user: str
    token: str
    name: str
    read_only: bool | None = None


class ProductTold(Told, frozen=True, kw_only=True):
    product: str
    slug: str | None = None
    fields: list[str] = []
    deployments: int | None = None


class TemplateTold(Told, frozen=True, kw_only=True):
    template: str
    product: str
    version_label: str | None = None


class ChartTold(Told, frozen=True, kw_only=True):
    """An archive that was uploaded, and kept by its digest."""

    digest: str
    size: int
    """In bytes."""


class ScanTold(Told, frozen=True, kw_only=True):
    """How many deployments are due by it."""

    deployments: int


class RestoreTold(Told, frozen=True, kw_only=True):
    """What an operator declared. Events of earlier epochs that the database lost stay on the stream as they were."""

    epoch: int
    previous_epoch: int


class Refusal(Told, frozen=True, kw_only=True):
    method: str
    path: str
    code: str


EVENT_DATA: dict[EventType, type[Told]] = {
    EventType.DEPLOYMENT_CREATED: DeploymentAsked,
    EventType.DEPLOYMENT_CHANGED: DeploymentAsked,
    EventType.DEPLOYMENT_DELETE_REQUESTED: DeploymentAsked,
    EventType.DEPLOYMENT_RECONCILE_REQUESTED: DeploymentAsked,
    EventType.DEPLOYMENT_STARTED: JobStarted,
    EventType.DEPLOYMENT_PROGRESSED: DeploymentObserved,
    EventType.DEPLOYMENT_READY: DeploymentObserved,
    EventType.DEPLOYMENT_FAILED: DeploymentFailed,
    EventType.DEPLOYMENT_DELETED: DeploymentObserved,
    EventType.DEPLOYMENT_CANCEL_REQUESTED: DeploymentAsked,
    EventType.DEPLOYMENT_SUSPENDED: DeploymentAsked,
    EventType.DEPLOYMENT_RESUMED: DeploymentAsked,
    EventType.DEPLOYMENT_RESTART_REQUESTED: DeploymentAsked,
    EventType.DEPLOYMENT_TEST_REQUESTED: DeploymentAsked,
    EventType.DEPLOYMENT_TESTED: DeploymentTested,
    EventType.DEPLOYMENT_DRIFTED: DeploymentDrifted,
    EventType.DEPLOYMENT_EXPIRES_SOON: DeploymentExpires,
    EventType.DEPLOYMENT_SECRET_CHANGED: SecretChanged,
    EventType.DEPLOYMENT_GIVEN_UP: Noted,
    EventType.OBJECT_READ: Noted,
    EventType.QUOTA_CHANGED: QuotaTold,
    EventType.ROLLOUT_STARTED: RolloutTold,
    EventType.ROLLOUT_FINISHED: RolloutTold,
    EventType.CLUSTER_CREATED: ClusterTold,
    EventType.CLUSTER_FORGOTTEN: ClusterTold,
    EventType.REGISTRY_CREATED: RegistryTold,
    EventType.REGISTRY_DELETED: RegistryTold,
    EventType.JOB_QUARANTINED: JobActed,
    EventType.JOB_REQUEUED: JobActed,
    EventType.JOB_FAILED: JobActed,
    EventType.USER_CREATED: UserTold,
    EventType.USER_CHANGED: UserTold,
    EventType.USER_DELETED: UserTold,
    EventType.USER_SIGNED_IN: SignInTold,
    EventType.USER_SIGNED_OUT: SignInTold,
    EventType.USER_LINK_MADE: SignInTold,
    EventType.TOKEN_CREATED: TokenTold,
    EventType.TOKEN_DELETED: TokenTold,
    EventType.PRODUCT_CREATED: ProductTold,
    EventType.PRODUCT_CHANGED: ProductTold,
    EventType.PRODUCT_DELETED: ProductTold,
    EventType.TEMPLATE_CREATED: TemplateTold,
    EventType.TEMPLATE_WITHDRAWN: TemplateTold,
    EventType.CHART_UPLOADED: ChartTold,
    EventType.DRIFT_SCAN_REQUESTED: ScanTold,
    EventType.INSTALLATION_RESTORED: RestoreTold,
    EventType.REFUSED: Refusal,
}


def schema(event: EventType) -> bytes:
    """Return the JSON Schema of an event's data, formatted, as it lies in docs/schemas."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(EVENT_DATA[event])), indent=2) + b"\n"
