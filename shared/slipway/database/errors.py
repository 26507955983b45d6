"""What the database refuses, in the words of the domain: the one border at which its errors are mapped."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Taken(Exception):
    """A unique value is in use already; `constraint` says which."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


UNAVAILABLE = (OperationalError, InterfaceError, PoolTimeout, OSError)
"""Errors that mean: the database cannot be used at this moment."""


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
