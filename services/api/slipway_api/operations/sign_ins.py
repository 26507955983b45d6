"""Signing in, staying signed in, signing out.

A sign-in gives an access token of an hour and a refresh token. The refresh token is spent when it is used and replaced by
the next; one that is used again was stolen from somebody, so the whole sign-in ends.
"""

from uuid import UUID

import msgspec

from slipway.database.engine import Scope, WriteSession, enter
from slipway.database.models import User
from slipway.database.queries import one_time_codes, outbox, sign_ins, users
from slipway.domain.events import Actor, EventType
from slipway_api.auth import opaque, passwords
from slipway_api.auth.gate import Caller, actor
from slipway_api.deps import Deps
from slipway_api.operations.users import password_problems
from slipway_api.problems import ApiError, invalid, not_found

WRONG_CODE = "the code is not valid, was used, or its minute is over: ask for another"
WRONG_TOKEN = "the refresh token is not valid, was used, or has expired: sign in again"  # noqa: S105 - a sentence


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody gets who signed in."""

    access: str
    refresh: str


async def begin(session: WriteSession, deps: Deps, user: UUID, *, via: str, address: str | None) -> Granted:
    """Begin a sign-in of a user who has proved who they are."""
    await enter(session, Scope(user_id=user))
    sign_in = await sign_ins.begin(session, user, via=via, days=deps.sign_in_days)
    await _tell(session, EventType.USER_SIGNED_IN, Actor(kind="user", id=str(user), address=address), via)
    return await _grant(session, deps, user, sign_in)


async def exchange(deps: Deps, code: str, *, browser: str, address: str | None) -> Granted:
    """Spend a one-time code; a bound one by the secret of its browser."""
    scope = Scope(credential=opaque.code_hash(code, browser))
    async with deps.database.writing(scope) as session:
        redeemed = await one_time_codes.use(session, scope.credential)
        if redeemed is None:
            raise ApiError("unauthenticated", WRONG_CODE)
        return await begin(session, deps, redeemed.user_id, via=redeemed.via, address=address)


async def refresh(deps: Deps, token: str) -> Granted:
    """Spend a refresh token for the next pair; one that was spent before ends its sign-in."""
    scope = Scope(credential=opaque.hashed(token))
    async with deps.database.writing(scope) as session:
        used = await sign_ins.use_refresh(session, scope.credential)
        if used is not None and used.live:
            await enter(session, Scope(user_id=used.user_id))
            if not used.stolen:
                return await _grant(session, deps, used.user_id, used.sign_in_id)
            await sign_ins.end(session, used.sign_in_id)
            await _tell(session, EventType.USER_SIGNED_OUT, _owner(used.user_id), "refresh token used twice")
    raise ApiError("unauthenticated", WRONG_TOKEN)


async def leave(session: WriteSession, caller: Caller) -> None:
    """End the caller's sign-in: its access tokens are refused from now on, everywhere."""
    if caller.sign_in and await sign_ins.end(session, caller.sign_in):
        await _tell(session, EventType.USER_SIGNED_OUT, actor(caller), "sign-out")


async def change_password(deps: Deps, caller: Caller, current: str, new: str) -> None:
    """Set the caller's password; every other sign-in of theirs ends."""
    if wrong := password_problems(new, "/new_password"):
        raise ApiError("invalid", errors=wrong)
    async with deps.database.reading(caller.scope) as session:
        stored = await users.get(session, caller.id)
    if stored is None:
        raise not_found("user")
    if stored.password_hash is None:
        raise invalid("/current_password", "this user has none, and signs in elsewhere; an admin can set one")
    right = len(current) <= passwords.LONGEST and await passwords.verify(current, stored.password_hash)
    if not right:
        raise invalid("/current_password", "is not your password")
    hashed = await passwords.hashed(new)
    async with deps.database.writing(caller.scope) as session:
        user = await users.lock(session, caller.id)
        if user is None or user.password_hash != stored.password_hash:
            raise ApiError("stale", "the password was changed in between")
        await users.change(session, user, password_hash=hashed)
        await sign_ins.end_all(session, caller.id, but=caller.sign_in)
        data = {"user": str(caller.id), "fields": ["password"]}
        await outbox.record(
            session, EventType.USER_CHANGED, actor=actor(caller), data=data, subject=f"users/{caller.id}"
        )


async def link_code(session: WriteSession, user: User, *, via: str, by: Actor, browser: str = "") -> str:
    """Return a fresh code that signs this user in, once, within a minute; with a secret, only the browser that has it."""
    code = opaque.new(opaque.BOUND if browser else opaque.ONE_TIME)
    await one_time_codes.add(session, user.id, code_hash=opaque.code_hash(code, browser), via=via)
    data = {"user": str(user.id), "via": via}
    await outbox.record(session, EventType.USER_LINK_MADE, actor=by, data=data, subject=f"users/{user.id}")
    return code


async def _grant(session: WriteSession, deps: Deps, user: UUID, sign_in: UUID) -> Granted:
    token = opaque.new(opaque.REFRESH)
    await sign_ins.add_refresh(session, sign_in, opaque.hashed(token))
    return Granted(access=deps.tokens.issue(user, sign_in), refresh=token)


def _owner(user: UUID) -> Actor:
    return Actor(kind="user", id=str(user))


async def _tell(session: WriteSession, event: EventType, who: Actor, via: str) -> None:
    await outbox.record(session, event, actor=who, data={"user": who.id, "via": via}, subject=f"users/{who.id}")
