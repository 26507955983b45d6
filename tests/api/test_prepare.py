"""What the platform's migration Job does to a database: run by an owner of a server, as often as one likes."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from slipway.database.engine import Database
from slipway_api import prepare
from slipway_api.prepare import PrepareSettings
from tests.conftest import at_database

PASSWORD = "a long password"


@pytest.fixture
async def owner_url(postgres_dsn: str) -> AsyncIterator[str]:
    """The URL of a login that owns an empty database and may make roles, and nothing more."""
    owner, name = f"owner_{secrets.token_hex(4)}", f"test_{secrets.token_hex(6)}"
    server = await asyncpg.connect(postgres_dsn)
    await server.execute(f"CREATE ROLE {owner} LOGIN PASSWORD 'test' CREATEROLE")
    await server.execute(f"CREATE DATABASE {name} OWNER {owner}")
    for role in ("slipway_api", "slipway_scheduler"):  # made by a superuser here: this server is shared by all tests
        await server.execute(f"GRANT {role} TO {owner} WITH ADMIN TRUE, INHERIT FALSE")
    yield f"{at_database(postgres_dsn, name, user=owner)}?sslmode=prefer"
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.execute(f"DROP OWNED BY {owner} CASCADE")
    await server.close()


def own_login(owner_url: str, service: str, password: str) -> str:
    return at_database(owner_url, urlsplit(owner_url).path.strip("/"), user=f"slipway_{service}_own", password=password)


async def users(url: str) -> list[tuple[str, bool]]:
    server = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await server.fetch("SELECT email, is_admin FROM users")]
    finally:
        await server.close()


async def test_schema_logins_and_admin_are_made_once_and_a_second_run_changes_passwords_only(owner_url: str):
    for password in ('it\'s a "first" one', "second"):
        api, scheduler = (
            own_login(owner_url, service, password.replace('"', "%22").replace(" ", "%20"))
            for service in ("api", "scheduler")
        )
        settings = PrepareSettings(
            database_url=owner_url, api_database_url=api, scheduler_database_url=scheduler,
            admin_email="root@example.org", admin_password=PASSWORD,
        )  # fmt: skip
        await prepare.prepare(settings)
        assert await users(api) == [("root@example.org", True)]
        server = await asyncpg.connect(api)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await server.execute("CREATE TABLE more (id int)")
        await server.close()


async def test_an_owner_that_the_services_share_sees_rows_in_spite_of_row_level_security(owner_url: str):
    await prepare.prepare(PrepareSettings(database_url=owner_url, admin_email="a@example.org", admin_password=PASSWORD))
    database = Database.connect(owner_url, service="test")
    await database.ping()
    await database.close()
    server = await asyncpg.connect(owner_url)
    assert await server.fetchval("SELECT pg_has_role(current_user, 'slipway_api', 'USAGE')")
    await server.close()


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "DATABASE_URL is not set"),
        ({"DATABASE_URL": "mysql://x"}, "must begin with postgresql://"),
        ({"DATABASE_URL": "postgresql://u:hidden@127.0.0.1:1/x"}, "the database is not ready"),
        ({"DATABASE_URL": "postgresql://u:hid/hidden@127.0.0.1:1/x"}, "DATABASE_URL must begin with postgresql://"),
        ({"DATABASE_URL": "postgresql://u:hidden@127.0.0.1:1/x?sslmode=yes"}, "DATABASE_URL cannot be used: `sslmode`"),
        (
            {"DATABASE_URL": "postgresql://u@h/x", "SLIPWAY_ADMIN_EMAIL": "a@b", "SLIPWAY_ADMIN_PASSWORD": "short"},
            "SLIPWAY_ADMIN_PASSWORD has fewer than 12 characters",
        ),
    ],
)
async def test_it_says_what_is_wrong_and_no_password(
    environ: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
):
    for name in ("DATABASE_URL", "SLIPWAY_ADMIN_EMAIL", "SLIPWAY_ADMIN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(prepare.main)
    assert words in str(ended.value)
    assert "hidden" not in str(ended.value)
