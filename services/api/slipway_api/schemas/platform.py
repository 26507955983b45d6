"""What admins look after: quotas, rollouts, clusters, registries, the audit trail."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from slipway.database.models import Rollout, RolloutItem
from slipway.domain.rollouts import Progress
from slipway.domain.usage import Quota, Usage
from slipway_api.schemas.common import Body

Amount = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None


class QuotaUpdate(Body, frozen=True, kw_only=True):
    """What one user may have; null, or absent, is the installation's default."""

    deployments: Amount = None
    cpu_milli: Amount = None
    memory_mib: Amount = None
    storage_gib: Amount = None


class QuotaRead(msgspec.Struct, frozen=True, kw_only=True):
    own: dict[str, int | None]
    """What an admin set; null where the default holds."""
    quota: Quota
    deployments: int
    """Live ones."""
    used: Usage


class RolloutCreate(Body, frozen=True, kw_only=True):
    """Upgrade all deployments of a product; the current version when `template_id` is absent."""

    template_id: UUID | None = None
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    max_failures: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0


class RolloutItemRead(msgspec.Struct, frozen=True, kw_only=True):
    deployment_id: UUID
    status: str
    generation: int | None
    error: str | None


class RolloutRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    product_id: UUID
    template_id: UUID
    batch_size: int
    max_failures: int
    status: str
    created_at: datetime
    finished_at: datetime | None
    progress: Progress
    items: list[RolloutItemRead] | None = None
    """Only where one rollout is read."""


class ClusterCreate(Body, frozen=True, kw_only=True):
    name: str
    display_name: str | None = None


class ClusterForget(Body, frozen=True, kw_only=True):
    """`force`: although executors of it were seen just now."""

    force: bool = False


class ExecutorRead(msgspec.Struct, frozen=True, kw_only=True):
    instance: str
    version: str
    majors: list[int]
    slots: int
    free: int
    seen_at: datetime


class ClusterRead(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    display_name: str | None
    created_at: datetime
    healthy: bool
    """An executor was seen in the last 15 seconds."""
    has_key: bool
    """Secrets can be sealed to it."""
    slots: int
    free: int
    deployments: int
    executors: list[ExecutorRead]


class RegistryCreate(Body, frozen=True, kw_only=True):
    """Credentials of a registry that is on the platform's list. The password is never shown again."""

    host: str
    username: str
    password: str
    image_pull: bool = True
    """Also give them to every deployment's namespace, for its pods to pull images with: its charts can read them there."""


class RegistryRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    host: str
    username: str
    image_pull: bool
    """Whether every deployment's namespace has the credentials, to pull images with."""
    clusters: list[str]
    """Whose executors have the credentials; after registering another cluster, post them again."""
    created_at: datetime
    updated_at: datetime


class AuditRead(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted or refused action."""

    id: UUID
    time: datetime
    action: str
    actor: dict[str, Any]
    """Who, from where (`address`), by what (`via`)."""
    object: str | None
    result: str
    """`accepted` or `refused`."""
    fields: list[str]
    changes: list[Any]
    detail: dict[str, Any]


def read_rollout(rollout: Rollout, progress: Progress, items: list[RolloutItem] | None = None) -> RolloutRead:
    fields = {
        field.name: getattr(rollout, field.name)
        for field in msgspec.structs.fields(RolloutRead)
        if field.name not in ("progress", "items")
    }
    shown = None if items is None else [msgspec.convert(each, RolloutItemRead, from_attributes=True) for each in items]
    return RolloutRead(**fields, progress=progress, items=shown)
