"""The first admin, from SLIPWAY_ADMIN_EMAIL and SLIPWAY_ADMIN_PASSWORD: `python -m slipway_api.bootstrap`."""

import asyncio
import os
import sys

from slipway.database.engine import Database
from slipway.database.queries import outbox, users
from slipway.domain.events import SYSTEM, Actor, EventType
from slipway.settings import SettingsError, load
from slipway_api.auth import passwords
from slipway_api.settings import ApiSettings


async def ensure_admin(database: Database, *, email: str, password: str) -> bool:
    """Create the admin unless a live user has the address; True when it was created."""
    async with database.writing() as session:
        if await users.by_email(session, email):
            return False
        hashed = await passwords.hashed(password)
        user = await users.add(session, email=email, password_hash=hashed, display_name="Admin", is_admin=True)
        actor = Actor(kind=SYSTEM, id="bootstrap", via="bootstrap")
        data = {"user": str(user.id), "is_admin": True}
        await outbox.record(session, EventType.USER_CREATED, actor=actor, data=data, subject=f"users/{user.id}")
    return True


async def _run(settings: ApiSettings) -> None:
    database = Database.connect(settings.database_url, service="bootstrap", pool_size=1)
    try:
        await ensure_admin(database, email=settings.admin_email, password=settings.admin_password)
    finally:
        await database.close()


def main() -> None:
    """Create the first admin, once."""
    try:
        settings = load(ApiSettings, os.environ)
    except SettingsError as error:
        sys.exit(f"slipway-bootstrap: {error}")
    if not settings.admin_email:
        sys.exit("slipway-bootstrap: set SLIPWAY_ADMIN_EMAIL and SLIPWAY_ADMIN_PASSWORD")
    asyncio.run(_run(settings))


if __name__ == "__main__":
    main()
