"""Pieces that the schemas of all nouns share."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from slipway.database.queries import pages
from slipway.database.queries.pages import Cursor, InvalidCursor
from slipway.domain.values import unstorable
from slipway_api.problems import UNSTORABLE, invalid

T = TypeVar("T")
Row = TypeVar("Row")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page, and the cursor of the next when there is one."""

    items: list[T]
    next_cursor: str | None = None


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of request bodies: unknown fields are refused, and text that no database column can hold."""

    def __post_init__(self) -> None:
        if any(unstorable(msgspec.to_builtins(self))):
            raise ValueError(UNSTORABLE)


class Empty(Body, frozen=True, kw_only=True):
    """A verb's body: nothing, or `{}`."""


def page_of(rows: Sequence[Any], limit: int, read: Callable[[Any], T]) -> Page[T]:
    """Return the page of rows that were read with one more than the limit."""
    shown = rows[:limit]
    more = len(rows) > limit
    cursor = pages.encode(Cursor(shown[-1].created_at, shown[-1].id)) if more else None
    return Page(items=[read(row) for row in shown], next_cursor=cursor)


def cursor_of(text: str | None) -> Cursor | None:
    """Return the cursor of a query; 422 when it is none that a page gave."""
    if not text:
        return None
    try:
        return pages.decode(text)
    except InvalidCursor:
        raise invalid("/cursor", "is not a cursor that a page gave") from None


def limit_of(limit: int) -> int:
    """Return the page size; 422 outside of 1 to 200."""
    if not 1 <= limit <= pages.MOST:
        raise invalid("/limit", f"is 1 to {pages.MOST}")
    return limit
