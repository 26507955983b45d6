"""What each service's login may not do, whatever a mistake or an injected statement asks for."""

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import text

from slipway.database import logins
from slipway.database.engine import Database
from slipway.database.queries import outbox
from slipway.domain.events import SYSTEM, Actor, EventType
from tests.conftest import TEMPLATE, at_database
from tests.support.rows import deploy, seed

SCHEMA = [
    "CREATE TABLE t (i int)", "CREATE SCHEMA s", "DROP TABLE tasks",
    "ALTER TABLE users ADD COLUMN x int", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE deployment DISABLE ROW LEVEL SECURITY", "ALTER TABLE outbox_event DISABLE TRIGGER ALL",
    "CREATE ROLE r", "SET ROLE slipway_scheduler", "SET SESSION AUTHORIZATION postgres", "TRUNCATE outbox_event",
    "SET session_replication_role = replica", "COPY users TO PROGRAM 'cat'", "SELECT pg_read_file('/etc/passwd')",
]  # fmt: skip
AUDIT = [
    "DELETE FROM outbox_event", "UPDATE outbox_event SET data_json = '{}'", "UPDATE outbox_event SET actor_json = '{}'",
    "UPDATE outbox_event SET type = 't', epoch = 1, pos = 1", "UPDATE outbox_event SET created_at = '1999-01-01'",
]  # fmt: skip
API = [
    "UPDATE outbox_event SET epoch = 1, pos = 1", "SELECT * FROM job_lease", "SELECT * FROM report_record",
    "SELECT * FROM chart_archive_part", "DELETE FROM chart_archive_part", "UPDATE chart_archive_part SET content = ''",
    "UPDATE feed SET pos = 1", "UPDATE installation SET epoch = 2",
    "SELECT nextval('job_fence')", "UPDATE personal_token SET read_only = false", "UPDATE personal_token SET hash = 'x'",
    "UPDATE sign_in SET user_id = gen_random_uuid()", "UPDATE refresh_token SET sign_in_id = gen_random_uuid()",
    "UPDATE one_time_code SET user_id = gen_random_uuid()", "DELETE FROM sign_in", "DELETE FROM users",
    "UPDATE user_identity SET user_id = gen_random_uuid()", "DELETE FROM deployment_reconcile_job", "DELETE FROM job_history",
    "UPDATE job_history SET last_error = ''", "SELECT ensure_job_history(now())",
]  # fmt: skip
SCHEDULER = [
    "SELECT password_hash FROM users", "SELECT * FROM users", "UPDATE users SET is_admin = true", "SELECT * FROM tasks",
    "SELECT * FROM conversations", "SELECT * FROM messages", "SELECT hash FROM personal_token",
    "SELECT hash FROM refresh_token", "SELECT user_id FROM one_time_code", "UPDATE deployment_secret SET ciphertext = ''",
    "DELETE FROM deployment", "INSERT INTO one_time_code (hash) VALUES ('x')", "DELETE FROM job_history",
    "UPDATE job_history SET last_error = ''",
]  # fmt: skip


async def denied(database: Database, statement: str) -> str:
    """Run it with the widest scope that there is, over rows that it would touch; return the SQLSTATE of the refusal."""
    async with database.engine.connect() as connection:
        await connection.execute(text("SELECT set_config('slipway.is_admin', 'on', false)"))
        with pytest.raises(Exception) as caught:
            await connection.execute(text(statement))
    return str(getattr(caught.value, "orig", caught.value).__cause__.sqlstate)  # type: ignore[union-attr]


@pytest.fixture
async def filled(database: Database) -> None:
    await deploy(database, await seed(database))
    async with database.writing() as session:
        await outbox.record(session, EventType.USER_CREATED, actor=Actor(kind=SYSTEM, id="test"), data={})


@pytest.mark.parametrize("statement", [*SCHEMA, *AUDIT, *API])
async def test_the_api_may_not(filled: None, api_database: Database, statement: str):
    assert await denied(api_database, statement) in ("42501", "23514")


@pytest.mark.parametrize(
    "statement", [each for each in [*SCHEMA, *AUDIT, *SCHEDULER] if "slipway_scheduler" not in each]
)
async def test_the_scheduler_may_not(filled: None, scheduler_database: Database, statement: str):
    assert await denied(scheduler_database, statement) in ("42501", "23514")


@pytest.mark.parametrize("service", logins.SERVICES)
async def test_a_login_has_its_limits_without_asking_for_them(database_url: str, service: str):
    name = urlsplit(database_url).path.strip("/")
    connection = await asyncpg.connect(at_database(database_url, name, user=f"test_{service}"))
    try:
        for setting, value in logins.LIMITS.items():
            assert await connection.fetchval(f"SHOW {setting}") == {"60s": "1min"}.get(value, value)
        await connection.execute("SET statement_timeout = '50ms'")
        with pytest.raises(asyncpg.QueryCanceledError):
            await connection.execute("SELECT pg_sleep(10)")
    finally:
        await connection.close()


async def test_a_password_is_changed_by_running_it_again(postgres_dsn: str):
    server = await asyncpg.connect(postgres_dsn)
    try:
        for password in ("it's one", 'an"other'):
            await logins.ensure(server, "api", password, login="test_rotated")
            parts = urlsplit(postgres_dsn)
            again = await asyncpg.connect(
                host=parts.hostname, port=parts.port, user="test_rotated", password=password, database="postgres"
            )
            await again.close()
    finally:
        await server.execute("DROP OWNED BY test_rotated")
        await server.execute("DROP ROLE test_rotated")
        await server.close()


async def test_the_command_says_what_it_needs(database_url: str):
    assert await asyncio.to_thread(logins.main, {}) == 2
    assert await asyncio.to_thread(logins.main, {"DATABASE_URL": database_url}) == 2
    settings = {"DATABASE_URL": database_url, "SLIPWAY_API_DATABASE_PASSWORD": "of-the-api"}
    assert await asyncio.to_thread(logins.main, settings) == 0


@pytest.mark.parametrize("service", logins.SERVICES)
async def test_a_migrated_database_gives_services_no_temporary_tables(postgres_dsn: str, service: str):
    connection = await asyncpg.connect(at_database(postgres_dsn, TEMPLATE, user=f"test_{service}"))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TEMPORARY TABLE t (i int)")
    finally:
        await connection.close()
