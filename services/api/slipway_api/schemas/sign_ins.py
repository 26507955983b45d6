"""Signing in and out, and personal tokens."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from slipway.database.models import PersonalToken
from slipway_api.schemas.common import Body


class SignInMethods(msgspec.Struct, frozen=True, kw_only=True):
    """How one can sign in."""

    password: bool = True
    single_sign_on: str | None
    """The host where `GET /auth/oidc/start` sends the browser; null where no issuer is set up."""


class Login(Body, frozen=True, kw_only=True):
    email: str
    password: str
    cookie: bool = False
    """True: the refresh token comes as an httpOnly cookie, as the console wants it, and not in the body."""


class Exchange(Body, frozen=True, kw_only=True):
    code: str
    """Of a one-time link: `/sign-in#code=...`."""
    cookie: bool = False


class Refresh(Body, frozen=True, kw_only=True):
    refresh_token: str | None = None
    """Absent: the one of the cookie; the next one then comes as a cookie too."""


class PasswordChange(Body, frozen=True, kw_only=True):
    current_password: str
    new_password: str


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    expires_in: int
    """Seconds."""
    refresh_token: str | UnsetType = UNSET
    """For `POST /auth/refresh`, once; absent when it came as a cookie."""
    token_type: str = "bearer"  # noqa: S105 - the name of the scheme


class PersonalTokenCreate(Body, frozen=True, kw_only=True):
    name: str
    read_only: bool = False
    expires_at: datetime | None = None
    """Null: it holds until it is removed."""


class PersonalTokenRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    read_only: bool
    expires_at: datetime | None
    last_used_at: datetime | None
    """Within five minutes."""
    created_at: datetime


class PersonalTokenCreated(PersonalTokenRead, frozen=True, kw_only=True):
    token: str
    """Shown this once; send it as `Authorization: Bearer`."""


def read_token(token: PersonalToken) -> PersonalTokenRead:
    return msgspec.convert(token, PersonalTokenRead, from_attributes=True)
