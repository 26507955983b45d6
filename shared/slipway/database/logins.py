"""A login for each service: member of its role, with limits of its own, and no other right.

`python -m slipway.database.logins` makes them on DATABASE_URL (a login that may make roles), after the migrations, with the
passwords in SLIPWAY_API_DATABASE_PASSWORD and SLIPWAY_SCHEDULER_DATABASE_PASSWORD. Run it again to change a password.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import asyncpg

from slipway.database.dsn import DsnError, connect
from slipway.database.settings import LoginsSettings
from slipway.settings import SettingsError, load

SERVICES = ("api", "scheduler")
LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "search_path": "public",
    "jit": "off",
}
"""What a connection of a service begins with, whatever it says itself."""


_COMMENT = "Slipway's, of the database "
"""How a login's comment begins: roles belong to the server, and so may another installation's."""


class LoginRefused(ValueError):
    """A login was not made; says in a sentence why, and the way on."""


def login_of(service: str, database: str = "slipway") -> str:
    """Return the name for a service's login: another one for each database, as each is one installation's."""
    return f"{database}_{service}_login"


async def ensure(connection: asyncpg.Connection, service: str, password: str, *, login: str | None = None) -> None:
    """Make a service's login, or set its password and limits again.

    LoginRefused when it serves another database of this server, or when whoever is connected may make none.
    """
    name = login or login_of(service)
    database = str(await connection.fetchval("SELECT current_database()"))
    if not await _is_there(connection, name):
        await _may_make(connection, f"slipway_{service}")
        await _run(connection, f"CREATE ROLE %I LOGIN IN ROLE slipway_{service}", name)
    await _run(connection, "COMMENT ON ROLE %I IS %L", name, f"{_COMMENT}{database}")
    if await connection.fetchval("SELECT has_database_privilege(current_database(), 'CONNECT WITH GRANT OPTION')"):
        # so that an operator may take it away from PUBLIC
        await _run(connection, "GRANT CONNECT ON DATABASE %I TO %I", database, name)
    if await _is_superuser(connection):  # nobody else may say this, nor have made a role that is more
        await _run(connection, "ALTER ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS", name)
    await _run(connection, "ALTER ROLE %I PASSWORD %L", name, password)
    for setting, value in LIMITS.items():
        await _run(connection, f"ALTER ROLE %I SET {setting} = %L", name, value)


async def ensure_all(owner_url: str, service_urls: Mapping[str, str]) -> None:
    """Make the login in each service's URL (`postgresql://login:password@...`), as the owner of the schema.

    Without any URL the services use the owner's login: it joins their roles, or row-level security would hide all rows
    from it.
    """
    connection = await connect(owner_url)
    try:
        for service, url in service_urls.items():
            parts = urlsplit(url)
            login = unquote(parts.username or "")
            await ensure(connection, service, unquote(parts.password or ""), login=login)
        if not service_urls and not await _is_superuser(connection):
            roles = ", ".join(f"slipway_{service}" for service in SERVICES)
            await connection.execute(f"GRANT {roles} TO CURRENT_USER WITH INHERIT TRUE")
    finally:
        await connection.close()


async def _is_there(connection: asyncpg.Connection, login: str) -> bool:
    """Tell whether the login is there already; LoginRefused when it is another database's that is there as well."""
    found = await connection.fetchrow(
        "SELECT (SELECT datname FROM pg_database WHERE datname <> current_database()"
        "   AND $2::text || datname = shobj_description(r.oid, 'pg_authid')) AS other"
        " FROM pg_roles r WHERE rolname = $1",
        login,
        _COMMENT,
    )
    if found and found["other"]:
        raise LoginRefused(
            f"the login {login} serves another installation, in the database {found['other']} of this server:"
            " this one needs a login of another name"
        )
    return found is not None


async def _may_make(connection: asyncpg.Connection, role: str) -> None:
    if not await connection.fetchval("SELECT pg_has_role($1, 'MEMBER WITH ADMIN OPTION')", role):
        owner = await connection.fetchval("SELECT quote_ident(current_user)")
        raise LoginRefused(
            f"{owner} may add no login to {role}, which another installation has made on this server: its owner or a superuser"
            f" runs GRANT {', '.join(f'slipway_{each}' for each in SERVICES)} TO {owner} WITH ADMIN OPTION"
        )


async def _is_superuser(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))


async def _run(connection: asyncpg.Connection, statement: str, *words: str) -> None:
    """Run a statement that takes no parameters, its words quoted by the server."""
    places = ", ".join(f"${number}::text" for number in range(2, len(words) + 2))
    quoted = await connection.fetchval(f"SELECT format($1, {places})", statement, *words)
    await connection.execute(str(quoted))


async def _ensure_passwords(dsn: str, passwords: Mapping[str, str]) -> None:
    connection = await connect(dsn)
    try:
        for service, password in passwords.items():
            await ensure(connection, service, password)
    finally:
        await connection.close()


def main(environ: Mapping[str, str]) -> int:
    """Make the logins whose passwords are set; 2 when something is missing or wrong."""
    try:
        settings = load(LoginsSettings, environ)
        asyncio.run(_ensure_passwords(settings.database_url, settings.passwords))
    except (SettingsError, DsnError, LoginRefused) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's own words
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
