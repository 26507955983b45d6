"""The second wall: even a statement without a filter reaches no row of another."""

import re
from pathlib import Path

import pytest
from sqlalchemy import CursorResult, text
from sqlalchemy.exc import DBAPIError

from slipway.database.engine import Database, Scope
from tests.database.owned_rows import TABLES, VIEWERS, Rows, fill, shown, writers

REFUSED, ALREADY_THERE = "42501", "23505"
WITHOUT = {
    "users", "product", "product_template_version", "cluster", "executor", "feed", "installation", "registry",
    "registry_credential",
}  # fmt: skip
"""Tables that the API reads whole; `docs/security.md` says why."""
UNREAD = {
    "tasks", "conversations", "messages", "conversation_turn", "refresh_token", "personal_token", "user_identity",
}  # fmt: skip
"""Tables that are not the scheduler's."""
TABLES_OF_OURS = "SELECT relname FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"


async def seen(api: Database, table: str, rows: Rows) -> dict[str, list[str]]:
    """Return whose rows each scope reads."""
    whose, found = rows.whose(table), dict[str, list[str]]()
    for who, scope in rows.scopes.items():
        async with api.reading(scope) as session:
            keys = (await session.execute(text(f"SELECT {TABLES[table].key} FROM {table}"))).scalars()
            found[who] = sorted(whose[key] for key in keys)
    return found


async def reached(api: Database, statement: str, rows: Rows) -> dict[str, int]:
    """Return how many rows a change without a filter reaches in each scope. It reads none, so that nothing else holds it."""
    found = dict[str, int]()
    for who, scope in rows.scopes.items():
        async with api.writing(scope) as session:
            done = await session.execute(text(statement))
            assert isinstance(done, CursorResult)
            found[who] = done.rowcount
            await session.rollback()
    return found


async def inserted(api: Database, table: str, rows: Rows) -> set[str]:
    """Return the scopes in which what is mine can be inserted: nothing but its being there already is in the way."""
    found = set[str]()
    for who, scope in rows.scopes.items():
        code = await _refusal(api, scope, TABLES[table].insert, rows.mine)
        assert code in (REFUSED, ALREADY_THERE)
        if code == ALREADY_THERE:
            found.add(who)
    return found


async def given_away(api: Database, table: str, rows: Rows) -> bool:
    """Tell whether an owner can make another the owner of a row."""
    owned = TABLES[table]
    to = {"to": rows.others[owned.whose]}
    scope = rows.scopes["the owner"]
    return await _refusal(api, scope, f"UPDATE {table} SET {owned.key} = :to", to) != REFUSED


async def _refusal(api: Database, scope: Scope, statement: str, values: dict[str, object]) -> str:
    """Run it and take it back; return the SQLSTATE of the refusal, nothing when there is none."""
    try:
        async with api.writing(scope) as session:
            await session.execute(text(statement), values)
            await session.rollback()
    except DBAPIError as error:
        return str(getattr(error.orig, "sqlstate", error))
    return ""


async def tables(database: Database, condition: str) -> set[str]:
    """Return the tables of which a condition of SQL holds."""
    async with database.reading() as session:
        return set((await session.execute(text(f"{TABLES_OF_OURS} AND {condition}"))).scalars())


def counts(table: str) -> dict[str, int]:
    return {who: len(rows) for who, rows in shown(table).items()}


@pytest.mark.parametrize("table", TABLES)
async def test_the_api_reaches_what_is_its_users_and_nothing_else(
    database: Database, api_database: Database, table: str
):
    rows, change = await fill(database), TABLES[table].change
    assert await seen(api_database, table, rows) == shown(table)
    assert await inserted(api_database, table, rows) == writers(table)
    assert (table in await tables(database, "has_any_column_privilege('test_api', c.oid, 'UPDATE')")) == bool(change)
    if change:
        assert await reached(api_database, f"UPDATE {table} SET {change}", rows) == counts(table)
    if table in await tables(database, "has_table_privilege('test_api', c.oid, 'DELETE')"):
        assert await reached(api_database, f"DELETE FROM {table}", rows) == counts(table)
    if TABLES[table].owner:
        assert not await given_away(api_database, table, rows)


@pytest.mark.parametrize("table", TABLES)
async def test_a_policy_that_lets_all_pass_is_noticed(database: Database, api_database: Database, table: str):
    rows, owned = await fill(database), TABLES[table]
    await _open(database, table, "USING (true)")
    assert await seen(api_database, table, rows) != shown(table)
    await _open(database, table, "WITH CHECK (true)")
    if owned.inserted_by == VIEWERS:
        assert await inserted(api_database, table, rows) != writers(table)
    if owned.change:
        assert await reached(api_database, f"UPDATE {table} SET {owned.change}", rows) != counts(table)


async def _open(database: Database, table: str, how: str) -> None:
    async with database.writing() as session:
        await session.execute(text(f"ALTER POLICY own_rows ON {table} {how}"))


async def test_no_table_with_row_security_is_left_untried(database: Database):
    assert await tables(database, "relrowsecurity") == set(TABLES)
    assert await tables(database, "relforcerowsecurity") == set(TABLES)


async def test_what_the_api_reads_without_row_security_is_told(database: Database):
    open_to_all = "NOT relrowsecurity AND has_any_column_privilege('test_api', c.oid, 'SELECT')"
    assert await tables(database, open_to_all) == WITHOUT
    told = (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text()
    assert set(re.findall(r"`(\w+)`", told)) >= WITHOUT


async def test_a_partition_is_no_way_around_its_tables_policy(
    database: Database, api_database: Database, scheduler_database: Database
):
    await fill(database)
    [partition] = await tables(database, "relispartition")
    for each in (api_database, scheduler_database):
        assert await _refusal(each, Scope(is_admin=True), f"SELECT FROM {partition}", {}) == REFUSED


async def test_the_scheduler_sees_every_row_of_what_it_reads(database: Database, scheduler_database: Database):
    await fill(database)
    counted = dict[str, int]()
    for table in TABLES:
        if not await _refusal(scheduler_database, Scope(), f"SELECT count(*) FROM {table}", {}):
            async with scheduler_database.reading() as session:
                counted[table] = (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
    assert counted == {table: 2 for table in TABLES if table not in UNREAD}


async def test_a_reading_session_cannot_write(database: Database):
    await fill(database)
    with pytest.raises(DBAPIError):
        async with database.reading() as session:
            await session.execute(text("UPDATE tasks SET title = 'x'"))


async def test_services_change_no_schema_and_no_audit_rows(api_database: Database, scheduler_database: Database):
    for each in (api_database, scheduler_database):
        for statement in ("CREATE TABLE t (i int)", "DELETE FROM outbox_event", "DROP TABLE tasks"):
            with pytest.raises(DBAPIError):
                async with each.writing() as session:
                    await session.execute(text(statement))
