"""What the database refuses, in the words of the domain: the one border at which its errors are mapped."""

from collections.abc import Generator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Taken(Exception):
    """A unique value is in use already; `constraint` says which."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


_DRIVERS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""The last one comes of a connection that the server ended in mid-statement."""
UNAVAILABLE = (DBAPIError, PoolTimeout, *_DRIVERS, OSError)
"""Errors that may mean: the database cannot be used at this moment. Ask `passes` of one."""
REFUSALS = (SQLAlchemyError, *_DRIVERS, OSError)
"""Every way in which a server says no or does not answer: for commands that end with its `reason`."""
_PASSING = ("08", "53", "57", "40001", "40P01", "55P03")
"""Classes and codes of SQLSTATE: connection, resources, operator, serialisation, deadlock, lock not available."""


_VALUE = "22"
"""The class of SQLSTATE of values: NUL in a text, a number out of its range."""


def passes(error: BaseException) -> bool:
    """Tell whether an error of UNAVAILABLE is over by itself: a restart, too many connections, a deadlock, a timeout."""
    if not isinstance(error, DBAPIError | asyncpg.PostgresError):
        return True
    gone = isinstance(error, DBAPIError) and (
        error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    )
    return gone or _sqlstate(error).startswith(_PASSING)


def cannot_store(error: BaseException) -> bool:
    """Tell whether a value was refused that no column of its type holds: the same statement fails for ever."""
    return isinstance(error, DBAPIError | asyncpg.PostgresError) and _sqlstate(error).startswith(_VALUE)


def _sqlstate(error: DBAPIError | asyncpg.PostgresError) -> str:
    """Return the server's code; the driver's own error has it, of which SQLAlchemy's may be two steps away."""
    own = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(own, "sqlstate", None) or getattr(getattr(own, "__cause__", None), "sqlstate", "") or "")


def reason(error: BaseException) -> str:
    """Return the server's own words for an error of REFUSALS, without statement and parameters."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return f"{type(cause.__cause__ or cause).__name__}: {str(cause).splitlines()[0] if str(cause) else 'no answer'}"


@contextmanager
def taken() -> Generator[None]:
    """Raise Taken for a violated unique index."""
    try:
        yield
    except (IntegrityError, asyncpg.UniqueViolationError) as error:
        cause = getattr(error.orig, "__cause__", None) if isinstance(error, IntegrityError) else error
        constraint = getattr(cause, "constraint_name", None)
        if getattr(cause, "sqlstate", "") == "23505" and constraint:
            raise Taken(constraint) from error
        raise
