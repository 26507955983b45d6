"""What a change would do."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from slipway.domain.usage import Usage
from slipway.messaging.queries import ObjectChange, ObjectName
from slipway_api.schemas.common import Body


class PreviewCreate(Body, frozen=True, kw_only=True):
    """A deployment that does not exist yet."""

    template_id: UUID | None = None
    product_id: UUID | None = None
    domain_name: str | UnsetType = UNSET
    user_values: dict[str, Any] | None | UnsetType = UNSET
    cluster: str | None = None
    """Where it would run; when absent as for the deployment itself."""


class PreviewChange(Body, frozen=True, kw_only=True):
    """The body of PATCH, and `template_id` (of the same product) for an upgrade; what is absent stays as it is."""

    domain_name: str | UnsetType = UNSET
    user_values: dict[str, Any] | None | UnsetType = UNSET
    template_id: UUID | None = None


class ValueChange(msgspec.Struct, frozen=True, kw_only=True):
    field: str
    before: Any = None
    after: Any = None


class PreviewRead(msgspec.Struct, frozen=True, kw_only=True):
    """`id` may be given to the change as `preview_id`: what was shown is what runs, or it is refused."""

    id: UUID
    expires_at: datetime
    generation: int
    promises: str
    """`objects` when just these objects will be made; `inputs` when the chart renders differently each time, or its
    namespace does not exist yet: then only template and values are promised."""
    values: list[ValueChange]
    added: list[ObjectName]
    changed: list[ObjectChange]
    removed: list[ObjectName]
    usage: Usage
    dry_run: bool
    """Whether the API server judged the objects."""
    removes_everything: bool
    """The change needs `confirm_empty`."""
