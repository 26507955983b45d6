"""How often a schema's parts would be held against the parts of a value. Pure."""

from typing import Any

from slipway.domain.schemas import Document, of_items, of_names, properties, references, same_place


class TooMuchWork(Exception):
    """Some values would be judged by a schema again and again."""


MOST_LOOKS = 1_000_000
"""How often the parts of a schema may be held against parts of one value: a second's work or less."""
_MOST_PAIRS = 250_000
_DEEPEST = 400


def check_work(document: Document, start: Any, values: Any) -> None:
    """Raise TooMuchWork when validation would hold the schema's parts against these values too often.

    Each part is held against each place of the values as often as ways lead there: parts that refer to themselves twice
    double it with each level. It is counted without walking them, from how often the parts below are.
    """
    _Work(document).looks(start, values, (), 0)


class _Work:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._known: dict[tuple[int, tuple[str | int, ...]], int] = {}

    def looks(self, node: Any, value: Any, place: tuple[str | int, ...], depth: int) -> int:
        if not isinstance(node, dict):
            return 1
        key = id(node), place
        if key not in self._known:
            if depth > _DEEPEST or len(self._known) > _MOST_PAIRS:
                raise TooMuchWork
            self._known[key] = 0  # a part that refers to itself in the same place is looked at once
            self._known[key] = total = self._of_new(node, value, place, depth + 1)
            if total > MOST_LOOKS:
                raise TooMuchWork
        return self._known[key]

    def _of_new(self, node: dict[str, Any], value: Any, place: tuple[str | int, ...], depth: int) -> int:
        here = [child for child, _ in same_place(node, ())]
        here += [self._document.named(reference)[0] for reference in references(node)]
        total = 1 + sum(self.looks(child, value, place, depth) for child in here)
        if isinstance(value, dict):
            named = {name: child for name, (child, _) in properties(node, ())}
            others = [child for child, _ in of_names(node, ())]
            for name, below in value.items():
                for child in [named[name], *others] if name in named else others:
                    total += self.looks(child, below, (*place, name), depth)
        elif isinstance(value, list):
            several = [child for child, _ in of_items(node, ())]
            for index, below in enumerate(value):
                total += sum(self.looks(child, below, (*place, index), depth) for child in several)
        return total
