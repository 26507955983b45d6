"""What a change changed, as auditors are told it: pointer, before and after. Secrets stand masked already. Pure."""

from collections.abc import Iterator
from typing import Any

from slipway.domain.values import pointer

MOST = 50
LONGEST = 120
LONGEST_POINTER = 300
"""A user may choose keys: an event must stay small whatever they are."""


def changes_of(before: Any, after: Any, *, under: str) -> list[dict[str, Any]]:
    """Return the leaves that differ, each as `event_data.Change`; `under` is the pointer of the whole."""
    found = [
        {"field": _cut(under + pointer(path), LONGEST_POINTER), "before": _short(old), "after": _short(new)}
        for path, old, new in _leaves(before, after, ())
    ]
    return found[:MOST]


def _leaves(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if type(before) is type(after) and before == after:
        return
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = (each if isinstance(each, dict) else {} for each in (before, after))
        for key in sorted({*old, *new}):
            yield from _leaves(old.get(key), new.get(key), (*path, key))
    else:
        yield path, before, after


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return _cut(value, LONGEST)
    if isinstance(value, list):
        return f"{len(value)} entries"
    return value


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
