"""The second wall: even a query without a filter shows a user no row of another."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from slipway.database.engine import Database, Scope
from slipway.database.models import Deployment
from tests.support.rows import deploy, seed

OWNED = ("deployment", "tasks", "conversations", "messages")


async def _rows(database: Database, table: str, scope: Scope) -> int:
    async with database.reading(scope) as session:
        return (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()


async def _fill(database: Database) -> tuple[Scope, Scope]:
    mine, other = await seed(database), await seed(database, email="other@example.org")
    await deploy(database, mine)
    async with database.writing() as session:
        await session.execute(
            text("INSERT INTO tasks (id, user_id, title) VALUES (gen_random_uuid(), :u, 't')"), {"u": mine.user}
        )
        await session.execute(
            text(
                "WITH c AS (INSERT INTO conversations (id, user_id) VALUES (gen_random_uuid(), :u) RETURNING id)"
                " INSERT INTO messages (id, conversation_id, role, content) SELECT gen_random_uuid(), id, 'user', 'x' FROM c"
            ),
            {"u": mine.user},
        )
    return Scope(user_id=mine.user), Scope(user_id=other.user)


@pytest.mark.parametrize("table", OWNED)
async def test_rows_are_their_owners_only(database: Database, api_database: Database, table: str):
    mine, other = await _fill(database)
    assert await _rows(api_database, table, mine) == 1
    assert await _rows(api_database, table, other) == 0
    assert await _rows(api_database, table, Scope()) == 0


async def test_admins_see_deployments_but_no_tasks_or_conversations(database: Database, api_database: Database):
    _, other = await _fill(database)
    admin = Scope(user_id=other.user_id, is_admin=True)
    assert [await _rows(api_database, table, admin) for table in OWNED] == [1, 0, 0, 0]


async def test_nobody_writes_rows_for_another(database: Database, api_database: Database):
    mine, other = await _fill(database)
    with pytest.raises(DBAPIError):
        async with api_database.writing(other) as session:
            await session.execute(
                text("INSERT INTO tasks (id, user_id, title) VALUES (gen_random_uuid(), :u, 't')"), {"u": mine.user_id}
            )


async def test_a_reading_session_cannot_write(database: Database):
    await _fill(database)
    with pytest.raises(DBAPIError):
        async with database.reading() as session:
            await session.execute(text("UPDATE tasks SET title = 'x'"))


async def test_services_change_no_schema_and_no_audit_rows(api_database: Database, scheduler_database: Database):
    for each in (api_database, scheduler_database):
        for statement in ("CREATE TABLE t (i int)", "DELETE FROM outbox_event", "DROP TABLE tasks"):
            with pytest.raises(DBAPIError):
                async with each.writing() as session:
                    await session.execute(text(statement))


async def test_the_scheduler_sees_every_deployment(database: Database, scheduler_database: Database):
    await _fill(database)
    async with scheduler_database.reading() as session:
        assert len((await session.execute(select(Deployment.id))).all()) == 1
