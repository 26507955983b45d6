"""The second wall: even a query without a filter shows a user no row of another."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from slipway.database.engine import Database, Scope
from slipway.database.models import Deployment
from tests.support.rows import deploy, seed

OWNED = ("deployment", "tasks", "conversations", "messages", "conversation_turn")
OF_A_JOB = "id, deployment_id, user_id, cluster, reason, generation, finished_at"


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
        await session.execute(
            text("INSERT INTO conversation_turn SELECT id, gen_random_uuid(), now() FROM conversations")
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
    assert [await _rows(api_database, table, admin) for table in OWNED] == [1, 0, 0, 0, 0]


async def test_jobs_in_the_history_are_their_owners_and_admins_only(database: Database, api_database: Database):
    mine, other = await _fill(database)
    async with database.writing() as session:
        await session.execute(text("SELECT ensure_job_history(now())"))
        await session.execute(
            text(
                f"INSERT INTO job_history ({OF_A_JOB})"
                f" SELECT {OF_A_JOB.replace('finished_at', 'now()')} FROM deployment_reconcile_job"
            )
        )
    scopes = (mine, other, Scope(), Scope(user_id=other.user_id, is_admin=True))
    assert [await _rows(api_database, "job_history", scope) for scope in scopes] == [1, 0, 0, 1]


async def test_nobody_writes_rows_for_another(database: Database, api_database: Database):
    mine, other = await _fill(database)
    with pytest.raises(DBAPIError):
        async with api_database.writing(other) as session:
            await session.execute(
                text("INSERT INTO tasks (id, user_id, title) VALUES (gen_random_uuid(), :u, 't')"), {"u": mine.user_id}
            )


TOUCHES = {
    "a message": "INSERT INTO messages (id, conversation_id, role, content) VALUES (gen_random_uuid(), :c, 'user', 'x')",
    "a turn": "INSERT INTO conversation_turn VALUES (:c, gen_random_uuid(), now()) ON CONFLICT DO NOTHING",
}


@pytest.mark.parametrize("what", TOUCHES)
async def test_nobody_writes_into_anothers_conversation(database: Database, api_database: Database, what: str):
    """The policy on messages goes through the conversation, whose id one may have come to know."""
    mine, other = await _fill(database)
    async with database.writing() as session:
        conversation = (await session.execute(text("SELECT id FROM conversations"))).scalar_one()
        await session.execute(text("DELETE FROM conversation_turn"))
    for scope in (other, Scope(user_id=other.user_id, is_admin=True), Scope()):
        with pytest.raises(DBAPIError, match="row-level security"):
            async with api_database.writing(scope) as session:
                await session.execute(text(TOUCHES[what]), {"c": conversation})
    async with api_database.writing(mine) as session:
        await session.execute(text(TOUCHES[what]), {"c": conversation})


@pytest.mark.parametrize("table", ["tasks", "conversations", "messages"])
async def test_nobody_changes_or_deletes_anothers_rows(database: Database, api_database: Database, table: str):
    _, other = await _fill(database)
    column = "content" if table == "messages" else "title"
    for scope in (other, Scope(user_id=other.user_id, is_admin=True), Scope()):
        for statement in (f"UPDATE {table} SET {column} = 'mine now'", f"DELETE FROM {table}"):
            async with api_database.writing(scope) as session:
                await session.execute(text(statement))
    async with database.reading() as session:
        kept = (await session.execute(text(f"SELECT {column} FROM {table}"))).scalars().all()
    assert "mine now" not in kept
    assert len(kept) == 1


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
