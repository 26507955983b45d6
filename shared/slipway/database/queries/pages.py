"""Keyset pages: newest first, stable while rows are added."""

import base64
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, tuple_

LIMIT = 50
MOST = 200


class InvalidCursor(ValueError):
    """Not a cursor that a page gave."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last row of the page before."""

    at: datetime
    id: UUID


def encode(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def decode(text: str) -> Cursor:
    """Return the cursor; InvalidCursor when it is none."""
    try:
        cursor = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Cursor)
    except (ValueError, msgspec.DecodeError) as error:
        raise InvalidCursor from error
    if cursor.at.tzinfo is None:
        raise InvalidCursor
    try:
        return Cursor(cursor.at.astimezone(UTC), cursor.id)
    except OverflowError as error:
        raise InvalidCursor from error


def page(statement: Select[Any], model: Any, cursor: Cursor | None, limit: int) -> Select[Any]:
    """Return the statement for rows after the cursor, with one row more than the page to know whether there are others."""
    if cursor is not None:
        statement = statement.where(tuple_(model.created_at, model.id) < (cursor.at, cursor.id))
    return statement.order_by(model.created_at.desc(), model.id.desc()).limit(limit + 1)
