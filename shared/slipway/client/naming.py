"""Finding one's own by what people call it."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from slipway.client.paging import NotFound


class Identified(Protocol):
    @property
    def id(self) -> UUID: ...


T = TypeVar("T", bound=Identified)
SHOWN = 8
"""So many of the last characters of an id, the part that differs, stand for it."""


def ending(identity: UUID) -> str:
    """Return the end of an id that stands for it."""
    return str(identity)[-SHOWN:]


def called(things: Sequence[T], name: str, *, noun: str, title: Callable[[T], str]) -> T:
    """Return the one with this title, best in just these letters; else the one with this id, or whose id ends so.

    A shorter end than people are shown is none: it may be a slip, and would meet something. NotFound when there is none,
    or more than one.
    """
    alike = (
        [each for each in things if title(each) == name]
        or [each for each in things if title(each).casefold() == name.casefold()]
        or [each for each in things if len(name) >= SHOWN and str(each.id).endswith(name.lower())]
    )
    if len(alike) == 1:
        return alike[0]
    raise NotFound(f"{len(alike)} {noun}s are called {name!r}" if alike else f"you have no {noun} {name!r}")
