"""What the platform's migration Job does to a database: run by an owner of a server, as often as one likes."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from slipway.database.engine import Database
from slipway.database.logins import LoginRefused, login_of
from slipway_api import prepare
from slipway_api.settings import PrepareSettings
from tests.conftest import at_database

PASSWORD = "a long password"


@asynccontextmanager
async def owned(postgres_dsn: str, *, admin: bool = True) -> AsyncGenerator[str]:
    """Yield the URL of a login that owns an empty database and may make roles, and nothing more; `admin`: of our roles as well."""
    owner, name = f"owner_{secrets.token_hex(4)}", f"test_{secrets.token_hex(6)}"
    server = await asyncpg.connect(postgres_dsn)
    await server.execute(f"CREATE ROLE {owner} LOGIN PASSWORD 'test' CREATEROLE")
    await server.execute(f"CREATE DATABASE {name} OWNER {owner}")
    for role in (
        ("slipway_api", "slipway_scheduler") if admin else ()
    ):  # made by a superuser: all tests share this server
        await server.execute(f"GRANT {role} TO {owner} WITH ADMIN TRUE, INHERIT FALSE")
    yield f"{at_database(postgres_dsn, name, user=owner)}?sslmode=prefer"
    await server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await server.execute(f"DROP OWNED BY {owner} CASCADE")
    await server.close()


@pytest.fixture
async def owner_url(postgres_dsn: str) -> AsyncIterator[str]:
    async with owned(postgres_dsn) as url:
        yield url


@pytest.fixture
async def other_url(postgres_dsn: str) -> AsyncIterator[str]:
    """Of another owner's database on the same server."""
    async with owned(postgres_dsn) as url:
        yield url


def database_of(url: str) -> str:
    return urlsplit(url).path.strip("/")


def own_login(owner_url: str, service: str, password: str, *, login: str = "") -> str:
    login = login or login_of(service, database_of(owner_url))
    return at_database(owner_url, database_of(owner_url), user=login, password=password)


async def prepared(owner_url: str, *, login: str = "", password: str = "test") -> str:
    """Prepare a database with a login for the API; return its URL."""
    api = own_login(owner_url, "api", password, login=login)
    await prepare.prepare(PrepareSettings(database_url=owner_url, api_database_url=api))
    return api


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


async def test_installations_share_a_server_and_reach_only_their_own_tables(owner_url: str, other_url: str):
    ours, theirs = await prepared(owner_url), await prepared(other_url, password="another")
    owner = await asyncpg.connect(other_url)
    await owner.execute(f"REVOKE CONNECT ON DATABASE {database_of(other_url)} FROM PUBLIC")
    await owner.close()
    assert await users(ours) == await users(theirs) == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await users(at_database(ours, database_of(other_url)))


async def test_a_login_of_another_installation_keeps_its_password_as_long_as_that_is_there(
    owner_url: str, other_url: str, postgres_dsn: str
):
    login = f"login_{secrets.token_hex(4)}"
    ours = await prepared(owner_url, login=login)
    server = await asyncpg.connect(postgres_dsn)
    await server.execute(
        f"GRANT {login} TO {urlsplit(other_url).username} WITH ADMIN TRUE"
    )  # the server would let them
    with pytest.raises(LoginRefused, match=f"^the login {login} serves .* in the database {database_of(owner_url)} of"):
        await prepared(other_url, login=login, password="another")
    assert await users(ours) == []
    await server.execute(f"DROP DATABASE {database_of(owner_url)} WITH (FORCE)")
    await server.close()
    assert await users(await prepared(other_url, login=login, password="another")) == []


async def test_another_owner_is_told_which_right_is_missing(postgres_dsn: str):
    async with owned(postgres_dsn, admin=False) as url:
        with pytest.raises(
            LoginRefused, match="may add no login to slipway_api, which another installation"
        ) as refused:
            await prepared(url)
        server = await asyncpg.connect(postgres_dsn)
        await server.execute(str(refused.value).partition("runs ")[2])
        await server.close()
        assert await users(await prepared(url)) == []


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "DATABASE_URL is not set"),
        ({"DATABASE_URL": "mysql://x"}, "Expected a URL that begins with postgresql://"),
        ({"DATABASE_URL": "postgresql://u:hidden@127.0.0.1:1/x"}, "the database is not ready"),
        ({"DATABASE_URL": "postgresql://u:hid/hidden@127.0.0.1:1/x"}, "DATABASE_URL must begin with postgresql://"),
        ({"DATABASE_URL": "postgresql://u:hidden@127.0.0.1:1/x?sslmode=yes"}, "DATABASE_URL cannot be used: `sslmode`"),
        (
            {"DATABASE_URL": "postgresql://u@h/x", "SLIPWAY_ADMIN_EMAIL": "a@b", "SLIPWAY_ADMIN_PASSWORD": "short"},
            "SLIPWAY_ADMIN_PASSWORD is not valid: Expected 12 to 1024 characters",
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
