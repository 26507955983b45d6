"""A backup as docs/operations.md has it, of a database as the chart's README has it: its owner may make roles, and no more."""

import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from slipway.database.engine import Database, Scope
from slipway.database.hot import Statement
from slipway.dev.postgres import Postgres, start_postgres, stop_postgres
from slipway.dev.stack import DATABASE
from slipway_api import prepare
from slipway_api.settings import PrepareSettings
from tests.operations.documented import OWNER, Operator, blocks
from tests.support import servers
from tests.support.rows import deploy, seed

MAKE_LOGIN, DUMP = blocks("Backup")
RESTORE, MAKE_ROLES = blocks("Restore")
NEXT_FENCE = Statement("SELECT nextval('job_fence')")
CONTENT = """
    SELECT format('SELECT count(*) FROM %I', tablename) AS asked FROM pg_tables WHERE schemaname = 'public'
    UNION SELECT format('SELECT last_value FROM %I', sequencename) FROM pg_sequences WHERE schemaname = 'public'
"""


@asynccontextmanager
async def postgres() -> AsyncGenerator[Postgres]:
    """A server of its own: roles have the names that the document gives them."""
    state = servers.state_folder()
    server = await start_postgres(state, fsync=False)
    try:
        yield server
    finally:
        await stop_postgres(state, server)
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
async def operator(tmp_path: Path) -> AsyncIterator[Operator]:
    async with postgres() as server:
        operator = Operator(tmp_path, server)
        superuser = await asyncpg.connect(server.dsn())
        await superuser.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD 'of-{OWNER}'")
        await superuser.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        await superuser.close()
        yield operator


async def prepared(operator: Operator) -> None:
    """What the chart's Job does at each install and upgrade."""
    api, scheduler = operator.url("slipway_api_login"), operator.url("slipway_scheduler_login")
    await prepare.prepare(
        PrepareSettings(database_url=operator.url(), api_database_url=api, scheduler_database_url=scheduler)
    )


async def content(server: Postgres) -> dict[str, int]:
    """Return how many rows each table has and where each sequence stands."""
    superuser = await asyncpg.connect(server.dsn(DATABASE))
    try:
        return {row["asked"]: await superuser.fetchval(row["asked"]) for row in await superuser.fetch(CONTENT)}
    finally:
        await superuser.close()


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same-server", "other-server"])
async def test_what_was_dumped_is_there_again_and_the_services_go_on(
    operator: Operator, tmp_path: Path, elsewhere: bool
):
    await prepared(operator)
    everything = Database.connect(operator.server.dsn(DATABASE), service="test")
    seeded = await seed(everything)
    await deploy(everything, seeded)
    async with everything.hot() as hot:
        await hot.fetch(NEXT_FENCE)
    await everything.close()
    before = await content(operator.server)

    await operator.types(MAKE_LOGIN)
    await operator.types(DUMP)
    if not elsewhere:
        await operator.types(f'psql "$SUPERUSER_DATABASE_URL" --command="DROP DATABASE {DATABASE} WITH (FORCE)"')
        await operator.types(RESTORE)
        await works(operator, before, Scope(user_id=seeded.user))
        return
    async with postgres() as other:
        operator = Operator(tmp_path, other)
        await operator.types(MAKE_ROLES)
        await operator.types(RESTORE)
        await works(operator, before, Scope(user_id=seeded.user))


async def works(operator: Operator, before: dict[str, int], user: Scope) -> None:
    """All is there, it is the owner's again, and the API sees of it what its user may."""
    assert await content(operator.server) == before
    await prepared(operator)
    api = Database.connect(operator.url("slipway_api_login"), service="api", pool_size=1)
    for scope, count in ((user, 1), (Scope(), 0)):
        async with api.reading(scope) as session:
            assert (await session.execute(text("SELECT count(*) FROM deployment"))).scalar_one() == count
    with pytest.raises(DBAPIError, match="permission denied to create temporary tables"):
        async with api.writing() as session:
            await session.execute(text("CREATE TEMPORARY TABLE t (i int)"))
    await api.close()
    superuser = await asyncpg.connect(operator.server.dsn(DATABASE))
    owners = "SELECT DISTINCT proowner::regrole::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    assert await superuser.fetchval(owners) == OWNER, "functions with their owner's rights are not a superuser's"
    await superuser.close()


async def test_the_owner_cannot_dump(operator: Operator):
    """Why there is a login for it."""
    await prepared(operator)
    code, output = await operator.runs('pg_dump --file=/dev/null "$OWNER_DATABASE_URL"')
    assert code != 0
    assert "would be affected by row-level security policy" in output
