"""Who somebody is whom an OpenID Connect issuer has signed in: a user known by the issuer's subject, or made now."""

from typing import Any

from slipway.database.engine import Scope, WriteSession, enter
from slipway.database.errors import Taken
from slipway.database.models import User
from slipway.database.queries import identities, outbox, users
from slipway.domain.events import SYSTEM, Actor, EventType
from slipway_api.auth.oidc import Client, OidcError
from slipway_api.deps import Deps
from slipway_api.operations.sign_ins import link_code
from slipway_api.operations.users import is_email

_ISSUER = Actor(kind=SYSTEM, id="oidc", via="oidc")


async def code_for(deps: Deps, client: Client, claims: dict[str, Any], *, browser: str) -> str:
    """Return a one-time code for whom the claims name, bound to a browser. OidcError when they may not come in."""
    subject = str(claims["sub"])
    async with deps.database.writing(identities.scope_of(client.issuer, subject)) as session:
        known = await identities.find(session, client.issuer, subject)
        if known is not None:
            user = await users.lock(session, known)
            if user is None:
                raise OidcError("this user was removed")
        else:
            user = await _first_time(session, client, claims)
            await enter(session, Scope(user_id=user.id))
            await identities.add(session, client.issuer, subject, user.id)
        await _say_rights(session, user, client.is_admin(claims))
        return await link_code(session, user, via="oidc", by=_ISSUER, browser=browser)


async def _first_time(session: WriteSession, client: Client, claims: dict[str, Any]) -> User:
    """Return the user of the same address when the issuer vouches for it, or a new one."""
    email, vouched = str(claims.get("email", "")).strip(), claims.get("email_verified")
    if not is_email(email) or vouched is False:
        raise OidcError("the issuer names no e-mail address that it has verified")
    there = await users.by_email(session, email)
    if there is not None:
        if vouched is not True:
            raise OidcError("another user has this e-mail address, and the issuer has not verified it")
        return there
    name = str(claims.get("name") or "")[:255] or None
    admin = bool(client.is_admin(claims))
    try:
        user = await users.add(session, email=email, password_hash=None, display_name=name, is_admin=admin)
    except Taken:
        raise OidcError("another user took this e-mail address just now") from None
    await _tell(session, EventType.USER_CREATED, user, {"is_admin": admin})
    return user


async def _say_rights(session: WriteSession, user: User, admin: bool | None) -> None:  # noqa: FBT001 - what the claim says
    if admin is not None and user.is_admin != admin:
        await users.change(session, user, is_admin=admin)
        await _tell(session, EventType.USER_CHANGED, user, {"fields": ["is_admin"]})


async def _tell(session: WriteSession, event: EventType, user: User, data: dict[str, Any]) -> None:
    await outbox.record(session, event, actor=_ISSUER, data={"user": str(user.id), **data}, subject=f"users/{user.id}")
