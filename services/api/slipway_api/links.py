"""A one-time link to the console: `python -m slipway_api.links EMAIL` prints its code, which holds for a minute.

It needs no more than the API's own settings: whoever may run it on the API's host may sign anybody in.
"""

import asyncio
import os
import sys

from slipway.database.engine import Database
from slipway.database.queries import users
from slipway.domain.events import SYSTEM, Actor
from slipway.settings import SettingsError, load
from slipway_api.operations.sign_ins import link_code
from slipway_api.settings import ApiSettings


async def mint(database: Database, email: str) -> str | None:
    """Return a code that signs this user in once; None when there is no such user."""
    async with database.writing() as session:
        user = await users.by_email(session, email)
        if user is None:
            return None
        return await link_code(session, user, via="link", by=Actor(kind=SYSTEM, id="links", via="command"))


async def _run(settings: ApiSettings, email: str) -> str | None:
    database = Database.connect(settings.database_url, service="links", pool_size=1)
    try:
        return await mint(database, email)
    finally:
        await database.close()


def main() -> None:
    """Print a code for the user that was named."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m slipway_api.links EMAIL")
    try:
        settings = load(ApiSettings, os.environ)
    except SettingsError as error:
        sys.exit(f"slipway-links: {error}")
    code = asyncio.run(_run(settings, sys.argv[1]))
    if code is None:
        sys.exit(f"slipway-links: there is no user {sys.argv[1]}")
    sys.stdout.write(f"{code}\n")


if __name__ == "__main__":
    main()
