"""Tasks, conversations and messages have the columns that the document of the data model gives them."""

import asyncpg
import pytest

ID = ("uuid", None, "NO", None)
TIME = ("timestamp with time zone", None, "NO", "now()")
COLUMNS = {
    # type, longest, whether it may be null, default
    "tasks.id": ID,
    "tasks.user_id": ID,
    "tasks.title": ("character varying", 255, "NO", None),
    "tasks.description": ("text", None, "YES", None),
    "tasks.is_completed": ("boolean", None, "NO", "false"),
    "tasks.created_at": TIME,
    "tasks.updated_at": TIME,
    "conversations.id": ID,
    "conversations.user_id": ID,
    "conversations.title": ("character varying", 255, "YES", None),
    "conversations.created_at": TIME,
    "conversations.updated_at": TIME,
    "messages.id": ID,
    "messages.conversation_id": ID,
    "messages.role": ("character varying", 50, "NO", None),
    "messages.content": ("text", None, "NO", None),
    "messages.tool_calls": ("jsonb", None, "YES", None),
    "messages.created_at": TIME,
}
REFERENCES = {
    "tasks.user_id": "users",
    "conversations.user_id": "users",
    "messages.conversation_id": "conversations",
}


@pytest.mark.parametrize("column", COLUMNS)
async def test_a_column_is_of_its_type(database_url: str, column: str):
    connection = await asyncpg.connect(database_url)
    found = await connection.fetchrow(
        "SELECT data_type, character_maximum_length, is_nullable, column_default FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name || '.' || column_name = $1",
        column,
    )
    await connection.close()
    assert found is not None
    assert tuple(found) == COLUMNS[column]


@pytest.mark.parametrize("table", ["tasks", "conversations", "messages"])
async def test_an_entity_is_known_by_its_id(database_url: str, table: str):
    connection = await asyncpg.connect(database_url)
    key = await connection.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND conrelid = $1::text::regclass",
        table,
    )
    await connection.close()
    assert key == "PRIMARY KEY (id)"


@pytest.mark.parametrize("column", REFERENCES)
async def test_a_reference_is_upheld_and_has_an_index(database_url: str, column: str):
    table, _, name = column.partition(".")
    connection = await asyncpg.connect(database_url)
    reference = await connection.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND conrelid = $1::text::regclass",
        table,
    )
    indexes = await connection.fetch("SELECT indexdef FROM pg_indexes WHERE tablename = $1", table)
    await connection.close()
    assert reference.startswith(f"FOREIGN KEY ({name}) REFERENCES {REFERENCES[column]}(id)")
    assert any(row["indexdef"].endswith(f"({name})") for row in indexes)
