"""Users, as admins manage them."""

import re
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.errors import Taken
from slipway.database.models import User
from slipway.database.queries import deployments, outbox, quotas, sign_ins, users
from slipway.domain.events import EventType
from slipway.domain.values import Problem
from slipway_api.accepting import actor
from slipway_api.auth import passwords
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations import deployments as deployment_operations
from slipway_api.problems import ApiError
from slipway_api.schemas.platform import QuotaRead, QuotaUpdate
from slipway_api.schemas.users import UserCreate, UserUpdate

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,255}\Z")


def is_email(text: str) -> bool:
    return _EMAIL.match(text) is not None


async def fields_of(body: UserCreate | UserUpdate) -> dict[str, Any]:
    """Return the columns that a body sets, its password hashed; 422 naming every field that is wrong."""
    found: list[Problem] = []
    fields: dict[str, Any] = {}
    if isinstance(body.email, str):
        fields["email"] = body.email.strip()
        if not is_email(fields["email"]):
            found.append(Problem(pointer="/email", message="is not an e-mail address"))
    if body.display_name is not UNSET:
        fields["display_name"] = body.display_name
        if isinstance(body.display_name, str) and (not 0 < len(body.display_name) <= 255 or "\0" in body.display_name):
            found.append(Problem(pointer="/display_name", message="has 1 to 255 characters"))
    if body.is_admin is not UNSET:
        fields["is_admin"] = body.is_admin
    password = body.password if isinstance(body.password, str) else None
    if password is not None:
        found += password_problems(password, "/password")
    if found:
        raise ApiError("invalid", errors=found)
    if password is not None:
        fields["password_hash"] = await passwords.hashed(password)
    return fields


def password_problems(password: str, pointer: str) -> list[Problem]:
    """Return what is wrong with a new password."""
    if passwords.SHORTEST <= len(password) <= passwords.LONGEST:
        return []
    message = f"has {passwords.SHORTEST} to {passwords.LONGEST} characters"
    return [Problem(pointer=pointer, message=message)]


async def create(session: WriteSession, caller: Caller, fields: dict[str, Any]) -> User:
    """Insert a user and the event of it."""
    try:
        user = await users.add(session, **fields)
    except Taken:
        raise ApiError("email_taken", "another user has this e-mail address") from None
    await _tell(session, caller, EventType.USER_CREATED, user.id, {"is_admin": user.is_admin})
    return user


async def change(session: WriteSession, caller: Caller, user: User, fields: dict[str, Any]) -> None:
    """Write what differs, and the event with the names of the fields. A new password ends the user's sign-ins."""
    changed = {name: value for name, value in fields.items() if getattr(user, name) != value}
    if not changed:
        return
    try:
        await users.change(session, user, **changed)
    except Taken:
        raise ApiError("email_taken", "another user has this e-mail address") from None
    if "password_hash" in changed:
        await sign_ins.end_all(session, user.id)
    names = sorted("password" if name == "password_hash" else name for name in changed)
    await _tell(session, caller, EventType.USER_CHANGED, user.id, {"fields": names})


async def delete(session: WriteSession, caller: Caller, user: User, *, cascade: bool) -> None:
    """Delete a user; live deployments refuse it unless `cascade` deletes them too."""
    live = await deployments.of_user(session, user.id)
    if live and not cascade:
        raise ApiError("in_use", f"the user has {len(live)} live deployments: delete them, or add ?cascade=true")
    for deployment in live:
        found = await deployments.lock(session, deployment)
        if found:
            await deployment_operations.delete(session, caller, found)
    await users.delete(session, user)
    await _tell(session, caller, EventType.USER_DELETED, user.id, {"deployments": len(live)})


async def quota(session: ReadSession, deps: Deps, user: UUID) -> QuotaRead:
    """Return what a user may have, and has."""
    count, used = await quotas.used(session, user)
    return QuotaRead(
        own=await quotas.own(session, user),
        quota=await quotas.of_user(session, user, deps.quota),
        deployments=count,
        used=used,
    )


async def set_quota(session: WriteSession, caller: Caller, user: UUID, body: QuotaUpdate) -> None:
    """Set what a user may have; it holds for what is asked for from now on."""
    before, after = await quotas.own(session, user), msgspec.structs.asdict(body)
    await quotas.put(session, user, after)
    changed = sorted(name for name, value in after.items() if before[name] != value)
    if changed:
        await _tell(session, caller, EventType.QUOTA_CHANGED, user, {"fields": changed})


async def _tell(session: WriteSession, caller: Caller, event: EventType, user: UUID, data: dict[str, Any]) -> None:
    await outbox.record(session, event, actor=actor(caller), data={"user": str(user), **data}, subject=f"users/{user}")
