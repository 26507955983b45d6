"""What the database itself refuses, whoever asks."""

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from slipway.database.engine import Database
from tests.support.rows import deploy, seed

REFUSED = [
    "UPDATE deployment SET status = 'sleeping'",
    "UPDATE deployment SET deployment_uid = 'other'",
    "UPDATE deployment SET namespace_name = 'other'",
    "UPDATE deployment SET release_name = 'other'",
    "UPDATE deployment SET generation = 0",
    "UPDATE deployment SET user_values_json = '[]'",
    "UPDATE deployment SET domain_name = ''",
    "UPDATE deployment SET failure_class = 'bad luck'",
    "UPDATE product_template_version SET docker_image_url = 'other'",
    "UPDATE product_template_version SET default_values_json = '{\"a\": 1}'",
    "UPDATE product_template_version SET health_timeout_sec = 5",
    "INSERT INTO product_template_version (id, product_id, package_type, docker_image_url) SELECT gen_random_uuid(), id, 'zip', 'x' FROM product",
    "INSERT INTO product_template_version (id, product_id, docker_image_url, health_timeout_sec) SELECT gen_random_uuid(), id, 'x', 0 FROM product",
    "INSERT INTO product_template_version (id, product_id, chart_ref) SELECT gen_random_uuid(), id, 'oci://a/b' FROM product",
    "UPDATE deployment_reconcile_job SET status = 'lost'",
    "UPDATE deployment_reconcile_job SET reason = 'why not'",
    "UPDATE outbox_event SET data_json = '{}'",
    "DELETE FROM outbox_event",
    "INSERT INTO feed (id) VALUES (2)",
    "INSERT INTO tasks (id, user_id, title) SELECT gen_random_uuid(), id, '   ' FROM users",
    "INSERT INTO tasks (id, user_id, title) SELECT gen_random_uuid(), id, repeat('x', 256) FROM users",
    "INSERT INTO tasks (id, user_id, title) VALUES (gen_random_uuid(), gen_random_uuid(), 'nobody''s')",
    "INSERT INTO conversations (id, user_id) VALUES (gen_random_uuid(), gen_random_uuid())",
    "INSERT INTO conversations (id, user_id, title) SELECT gen_random_uuid(), id, repeat('x', 256) FROM users",
    (
        "WITH c AS (INSERT INTO conversations (id, user_id) SELECT gen_random_uuid(), id FROM users RETURNING id)"
        " INSERT INTO messages (id, conversation_id, role, content) SELECT gen_random_uuid(), id, 'robot', 'hi' FROM c"
    ),
    "INSERT INTO messages (id, conversation_id, role, content) VALUES (gen_random_uuid(), gen_random_uuid(), 'user', 'to nobody')",
    "INSERT INTO users (id, email) SELECT gen_random_uuid(), upper(email) FROM users",
]


@pytest.mark.parametrize("statement", REFUSED)
async def test_the_database_refuses(database: Database, statement: str):
    await deploy(database, await seed(database))
    async with database.writing() as session:
        await session.execute(
            text(
                "INSERT INTO outbox_event (event_id, type, actor_json, data_json, epoch, pos)"
                " VALUES (gen_random_uuid(), 't', '{}', '{}', 1, 1)"
            )
        )
    with pytest.raises(DBAPIError):
        async with database.writing() as session:
            await session.execute(text(statement))


async def test_times_are_the_databases_own(database: Database, database_url: str):
    await seed(database)
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "INSERT INTO tasks (id, user_id, title, created_at, updated_at)"
        " SELECT gen_random_uuid(), id, 't', '1999-01-01', '1999-01-01' FROM users"
    )
    row = await connection.fetchrow(
        "SELECT created_at, updated_at, now() - created_at < '1 minute' AS fresh FROM tasks"
    )
    assert row["fresh"]
    await connection.execute(
        "UPDATE tasks SET is_completed = true, updated_at = '1999-01-01', created_at = '1999-01-01'"
    )
    after = await connection.fetchrow("SELECT created_at, updated_at FROM tasks")
    assert after["created_at"] == row["created_at"]
    assert after["updated_at"] > row["updated_at"]
    await connection.execute("UPDATE tasks SET is_completed = false")
    again = await connection.fetchrow("SELECT is_completed, updated_at FROM tasks")
    assert (again["is_completed"], again["updated_at"] > after["updated_at"]) == (False, True)
    await connection.close()


async def test_so_are_those_of_what_was_said(database: Database, database_url: str):
    await seed(database)
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "WITH c AS (INSERT INTO conversations (id, user_id, created_at, updated_at)"
        " SELECT gen_random_uuid(), id, '1999-01-01', '1999-01-01' FROM users RETURNING id)"
        " INSERT INTO messages (id, conversation_id, role, content, created_at)"
        " SELECT gen_random_uuid(), id, 'user', 'hi', '1999-01-01' FROM c"
    )
    for table in ("conversations", "messages"):
        assert await connection.fetchval(f"SELECT now() - created_at < '1 minute' FROM {table}"), table
    before = await connection.fetchval("SELECT created_at FROM conversations")
    await connection.execute(
        "UPDATE conversations SET title = 't', created_at = '1999-01-01', updated_at = '1999-01-01'"
    )
    after = await connection.fetchrow("SELECT created_at, updated_at FROM conversations")
    assert (after["created_at"], after["updated_at"] > before) == (before, True)
    said = await connection.fetchval("UPDATE messages SET created_at = '1999-01-01' RETURNING created_at")
    assert said.year > 1999
    await connection.close()


async def test_a_deleted_users_address_is_free_again(database: Database):
    await seed(database)
    async with database.writing() as session:
        await session.execute(text("UPDATE users SET deleted_at = now()"))
    await seed(database, email="USER@example.org")


async def test_is_admin_defaults_to_false(database_url: str):
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO users (id, email) VALUES (gen_random_uuid(), 'a@b.c')")
    assert await connection.fetchval("SELECT is_admin FROM users") is False
    await connection.close()
