"""What a database was sent, by the server's own account (pg_stat_statements): every round trip, BEGIN and COMMIT too."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import msgspec
import pytest

_SENT = """
    SELECT query, sum(calls)::int AS calls FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND userid::regrole::text LIKE 'test_%'
      AND query !~ 'typeinfo_tree|''jit'''  -- the driver's own, once for a connection and type
    GROUP BY query ORDER BY calls DESC
"""

_FORGET = "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = current_database()"


class Sent(msgspec.Struct):
    """Statements and how often each was sent; filled when the counting ends."""

    calls: dict[str, int] = {}

    @property
    def statements(self) -> int:
        return sum(self.calls.values())

    @property
    def commits(self) -> int:
        return sum(calls for query, calls in self.calls.items() if query.upper().startswith("COMMIT"))

    @property
    def text(self) -> str:
        """All of it, for the message of a failed assertion."""
        return "\n".join(f"{calls:5} of {' '.join(query.split())[:140]}" for query, calls in self.calls.items())


@asynccontextmanager
async def counted(dsn: str) -> AsyncGenerator[Sent]:
    """Count what the services' logins send to this database while the context is open. `dsn` is the superuser's."""
    server = await asyncpg.connect(dsn)
    try:
        if "pg_stat_statements" not in await server.fetchval("SHOW shared_preload_libraries"):
            pytest.skip("the PostgreSQL of SLIPWAY_TEST_DATABASE_URL does not load pg_stat_statements")
        await server.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        await server.execute(_FORGET)
        sent = Sent()
        yield sent
        sent.calls = {row["query"]: row["calls"] for row in await server.fetch(_SENT)}
    finally:
        await server.close()
