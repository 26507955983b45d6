"""Makes a database ready for the services: schema, logins, first admin; again and again: `python -m slipway_api.prepare`."""

import asyncio
import os
import sys

import structlog

from slipway import logs
from slipway.database import logins, migrations
from slipway.database.engine import Database
from slipway.database.errors import REFUSALS, reason
from slipway.settings import SettingsError, load
from slipway_api.bootstrap import ensure_admin
from slipway_api.settings import PrepareSettings

log = structlog.get_logger()


async def prepare(settings: PrepareSettings) -> None:
    """Bring everything up to date; what is there already stays, but for the logins' passwords."""
    await asyncio.to_thread(migrations.upgrade, settings.database_url)
    log.info("schema_ready")
    urls = {"api": settings.api_database_url, "scheduler": settings.scheduler_database_url}
    await logins.ensure_all(settings.database_url, {service: url for service, url in urls.items() if url})
    log.info("logins_ready")
    if settings.admin_email:
        database = Database.connect(settings.api_database_url or settings.database_url, service="prepare", pool_size=1)
        try:
            made = await ensure_admin(database, email=settings.admin_email, password=settings.admin_password)
        finally:
            await database.close()
        log.info("admin_ready", made=made)


def main() -> None:
    """Prepare the database that the environment names; the exit code tells whether it is ready."""
    logs.configure("prepare")
    try:
        settings = load(PrepareSettings, os.environ)
        asyncio.run(prepare(settings))
    except REFUSALS as error:  # first: a certificate that is not trusted is a ValueError too
        sys.exit(f"slipway-prepare: the database is not ready: {reason(error)}")
    except (SettingsError, ValueError) as error:
        sys.exit(f"slipway-prepare: {error}")


if __name__ == "__main__":
    main()
