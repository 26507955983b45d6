"""Tasks."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from slipway.database.models import Task
from slipway_api.schemas.common import Body


class TaskCreate(Body, frozen=True, kw_only=True):
    """A title of 1 to 255 characters, and more words if you like."""

    title: str
    description: str | None = None


class TaskUpdate(Body, frozen=True, kw_only=True):
    """Absent fields stay as they are. `is_completed` goes both ways."""

    title: str | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    is_completed: bool | UnsetType = UNSET


class TaskRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    user_id: UUID
    title: str
    description: str | None
    is_completed: bool
    created_at: datetime
    updated_at: datetime


def read_task(task: Task) -> TaskRead:
    return msgspec.convert(task, TaskRead, from_attributes=True)
