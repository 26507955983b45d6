"""Users."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from slipway.database.models import User
from slipway_api.schemas.common import Body


class UserCreate(Body, frozen=True, kw_only=True):
    email: str
    password: str | None = None
    display_name: str | None = None
    is_admin: bool = False


class UserUpdate(Body, frozen=True, kw_only=True):
    """Absent fields stay as they are."""

    email: str | UnsetType = UNSET
    password: str | UnsetType = UNSET
    display_name: str | None | UnsetType = UNSET
    is_admin: bool | UnsetType = UNSET


class UserRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    email: str
    display_name: str | None
    is_admin: bool
    created_at: datetime
    updated_at: datetime


def read_user(user: User) -> UserRead:
    return msgspec.convert(user, UserRead, from_attributes=True)
