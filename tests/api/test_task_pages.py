"""The last of 10,000 tasks costs what the first does: rows and blocks that PostgreSQL reads, as the API's own login."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import msgspec
import pytest
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from slipway.database.engine import Database
from slipway.database.models import Task
from slipway.database.queries import pages, tasks
from slipway.database.queries.pages import Cursor
from tests.conftest import at_database
from tests.support.rows import seed

TASKS = 10_000
LIMIT = 50
MOST_ROWS = 4 * LIMIT
"""Of any page, wherever it stands. One row more than the page; near the end all that are left, to be sorted, when those are few."""
MOST_BLOCKS = LIMIT + 5
"""A block for each row and the way down the index."""
OTHERS = 3
"""Users whose tasks lie between."""


@pytest.fixture
async def connection(database: Database, database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The API's login, in the name of a user who has 10,000 tasks, every second one completed."""
    mine = (await seed(database)).user
    for number in range(OTHERS):
        await seed(database, email=f"other{number}@example.org")
    owner = await asyncpg.connect(database_url)
    await owner.execute(
        f"ALTER TABLE tasks DISABLE TRIGGER ALL;"
        f" INSERT INTO tasks (id, user_id, title, is_completed, created_at)"
        f" SELECT gen_random_uuid(), u.id, 't' || n, n % 2 = 0, now() - ({TASKS} - n) / 3 * interval '1 second'"
        f" FROM generate_series(1, {TASKS}) n, users u ORDER BY n;"  # three of each user at the same moment
        f" ANALYZE tasks"
    )
    await owner.close()
    name = urlsplit(database_url).path.strip("/")
    api = await asyncpg.connect(at_database(database_url, name, user="test_api"))
    await api.execute("SELECT set_config('slipway.user_id', $1, false)", str(mine))
    yield api
    await api.close()


async def prepared(connection: asyncpg.Connection, name: str, statement: Any) -> list[str]:
    """Prepare a statement as the driver does; return the names of its parameters in their order."""
    compiled = statement.compile(dialect=dialect.dialect())
    await connection.execute(f"PREPARE {name} AS {compiled}")
    return list(compiled.positiontup or ())


@pytest.mark.parametrize("completed", [None, False], ids=["all", "open"])
@pytest.mark.parametrize("plan", ["force_custom_plan", "force_generic_plan"])
async def test_every_page_costs_what_the_first_does(connection: asyncpg.Connection, plan: str, completed: bool | None):
    user = UUID(await connection.fetchval("SELECT current_setting('slipway.user_id')"))
    await connection.execute(f"SET plan_cache_mode = {plan}")

    def statement(cursor: Cursor | None) -> Any:
        return pages.page(tasks.wanted(user=user, is_completed=completed, text=None), Task, cursor, LIMIT)

    parameters: dict[str, list[str]] = {}
    rows: list[int] = []
    blocks: list[int] = []
    seen: list[str] = []
    cursor: Cursor | None = None
    while True:
        asked = statement(cursor)
        name = "following" if cursor else "first"
        if name not in parameters:
            parameters[name] = await prepared(connection, name, asked)
        values = asked.compile(dialect=dialect.dialect()).params
        given = ", ".join(f"'{values[each]}'" for each in parameters[name])
        call = f"EXECUTE {name} ({given})"
        top = await _explained(connection, call)
        scanned = list(_scans(top))
        assert "Seq Scan" not in {each["Node Type"] for each in scanned}
        assert not any(each.get("Rows Removed by Filter") for each in scanned), "no row is read in vain"
        rows.append(max(each["Actual Rows"] for each in scanned))
        blocks.append(top["Shared Hit Blocks"] + top["Shared Read Blocks"])
        found = await connection.fetch(call)
        seen += [row["title"] for row in found[:LIMIT]]
        if len(found) <= LIMIT:
            break
        cursor = Cursor(found[LIMIT - 1]["created_at"], found[LIMIT - 1]["id"])
    wanted = [number for number in range(TASKS, 0, -1) if completed is None or number % 2]
    assert sorted(seen) == sorted(f"t{number}" for number in wanted), "each task stands on one page"
    assert max(rows) <= MOST_ROWS, f"rows that each page reads: {rows}"
    assert max(blocks) <= MOST_BLOCKS, f"blocks that each page reads: {blocks}"


async def _explained(connection: asyncpg.Connection, call: str) -> dict[str, Any]:
    told = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {call}")
    return msgspec.json.decode(str(told))[0]["Plan"]


def _scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Scan" in plan["Node Type"]:
        yield plan
    for each in plan.get("Plans", ()):
        yield from _scans(each)
