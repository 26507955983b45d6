"""Rows as parallel arrays, which `unnest` makes rows of again: one statement for as many as there are."""

from collections.abc import Mapping, Sequence
from typing import Any

from asyncpg import Record

from slipway.database.hot import Hot, Statement


def columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the values of rows with the same keys, by key."""
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


async def each_of(hot: Hot, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> Sequence[Record]:
    """Run a statement over all rows at once; not at all when there are none. Return what it returns."""
    return await hot.fetch(statement, **columns(rows)) if rows else ()
