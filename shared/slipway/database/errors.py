"""What the database refuses, in the words of the domain: the one border at which its errors are mapped."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Taken(Exception):
    """A unique value is in use already; `constraint` says which."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


UNAVAILABLE = (DBAPIError, PoolTimeout, OSError)
"""Errors that may mean: the database cannot be used at this moment. Ask `passes` of a DBAPIError."""
_PASSING = ("08", "53", "57", "40001", "40P01", "55P03")
"""Classes and codes of SQLSTATE: connection, resources, operator, serialisation, deadlock, lock not available."""


def passes(error: BaseException) -> bool:
    """Tell whether an error of UNAVAILABLE is over by itself: a restart, too many connections, a deadlock, a timeout."""
    if not isinstance(error, DBAPIError):
        return True
    code = str(
        getattr(error.orig, "sqlstate", None) or getattr(getattr(error.orig, "__cause__", None), "sqlstate", "") or ""
    )
    gone = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return gone or code.startswith(_PASSING)


@contextmanager
def taken() -> Generator[None]:
    """Raise Taken for a violated unique index."""
    try:
        yield
    except IntegrityError as error:
        cause = getattr(error.orig, "__cause__", None)
        constraint = getattr(cause, "constraint_name", None)
        if getattr(cause, "sqlstate", "") == "23505" and constraint:
            raise Taken(constraint) from error
        raise
