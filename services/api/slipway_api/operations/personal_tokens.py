"""Personal tokens: made, listed and removed by the user whose rights they carry."""

from typing import Any
from uuid import UUID

import msgspec

from slipway.database.engine import WriteSession
from slipway.database.queries import outbox, personal_tokens
from slipway.domain.events import EventType
from slipway.domain.values import Problem
from slipway_api.auth import opaque
from slipway_api.auth.gate import Caller, actor
from slipway_api.operations.fields import expiry_problems
from slipway_api.problems import ApiError, not_found
from slipway_api.schemas.sign_ins import PersonalTokenCreate, PersonalTokenCreated, read_token

LONGEST_NAME = 100
MOST = 50
"""Of one user."""


async def create(session: WriteSession, caller: Caller, body: PersonalTokenCreate) -> PersonalTokenCreated:
    """Make a token; what is returned is not stored, and never shown again."""
    if wrong := _problems(body):
        raise ApiError("invalid", errors=wrong)
    if await personal_tokens.count(session, caller.id) >= MOST:
        raise ApiError("quota_exceeded", f"you have {MOST} tokens: remove one first")
    token = opaque.new(opaque.PERSONAL)
    made = await personal_tokens.add(
        session, caller.id, name=body.name.strip(), token_hash=opaque.hashed(token), read_only=body.read_only,
        expires_at=body.expires_at,
    )  # fmt: skip
    told = {"token": str(made.id), "name": made.name, "read_only": made.read_only}
    await _tell(session, caller, EventType.TOKEN_CREATED, told)
    return PersonalTokenCreated(**msgspec.structs.asdict(read_token(made)), token=token)


async def delete(session: WriteSession, caller: Caller, token: UUID) -> None:
    """Remove a token: it is refused from now on."""
    name = await personal_tokens.delete(session, caller.id, token)
    if name is None:
        raise not_found("token")
    await _tell(session, caller, EventType.TOKEN_DELETED, {"token": str(token), "name": name})


def _problems(body: PersonalTokenCreate) -> list[Problem]:
    found: list[Problem] = []
    if not 0 < len(body.name.strip()) <= LONGEST_NAME:
        found.append(Problem(pointer="/name", message=f"has 1 to {LONGEST_NAME} characters"))
    return [*found, *expiry_problems(body.expires_at)]


async def _tell(session: WriteSession, caller: Caller, event: EventType, data: dict[str, Any]) -> None:
    data = {"user": str(caller.id), **data}
    await outbox.record(session, event, actor=actor(caller), data=data, subject=f"users/{caller.id}")
