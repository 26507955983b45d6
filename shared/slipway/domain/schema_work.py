"""How often a schema's parts would be held against the parts of a value. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

from slipway.domain.schemas import Document, of_items, of_names, properties, references, same_place


class TooMuchWork(Exception):
    """Some values would be judged by a schema again and again."""


MOST_LOOKS = 1_000_000
"""How often the parts of a schema may be held against parts of one value: a second's work or less."""
EACH_PLACE = 64
"""So many parts may look at every place, however many places there are: a schema without references does no less."""
_MOST_STEPS = 50_000
"""Steps of the count itself, some microseconds each."""


def check_work(document: Document, start: Any, values: Any) -> None:
    """Raise TooMuchWork when validation would hold the schema's parts against these values too often.

    Each part is held against each place of the values as often as ways lead there: parts that refer to themselves twice
    double it with each level. What looks at a place is told once for all places that the same parts look at.
    """
    looks, places = _Looks(document).of(start, values)
    if looks > max(MOST_LOOKS, EACH_PLACE * places):
        raise TooMuchWork


class _Part:
    """Where one schema leads; what is no object leads nowhere, and is left out."""

    def __init__(self, document: Document, node: dict[str, Any]) -> None:
        named = [document.named(reference)[0] for reference in references(node)]
        self.here = _objects([*(child for child, _ in same_place(node, ())), *named])
        self.named = {name: child for name, (child, _) in properties(node, ()) if isinstance(child, dict)}
        self.others = _objects(child for child, _ in of_names(node, ()))
        self.items = _objects(child for child, _ in of_items(node, ()))


class _Lookers:
    """All parts that look at a place, each with how often it does."""

    def __init__(self, parts: list[tuple[_Part, int]]) -> None:
        self.parts = parts
        self.looks = sum(times for _, times in parts)
        self.names = {name for part, _ in parts for name in part.named}
        self.below: dict[str | int | None, _Lookers] = {}
        """By a property's name, None for one that no part names, and 0 for items."""


class _Looks:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._parts: dict[int, _Part] = {}
        self._lookers: dict[frozenset[tuple[int, int]], _Lookers] = {}
        self._steps = 0

    def of(self, start: Any, values: Any) -> tuple[int, int]:
        """Return how many looks there are, and at how many places."""
        looks = places = 0
        left = [(self._at([(child, 1) for child in _objects([start])]), values)]
        while left:
            lookers, value = left.pop()
            looks += lookers.looks
            places += 1
            if isinstance(value, dict):
                left += [
                    (self._below(lookers, name if name in lookers.names else None), each)
                    for name, each in value.items()
                ]
            elif isinstance(value, list) and value:
                below = self._below(lookers, 0)
                left += [(below, each) for each in value]
        return looks, places

    def _below(self, lookers: _Lookers, step: str | int | None) -> _Lookers:
        if step not in lookers.below:
            lookers.below[step] = self._at(
                [(child, times) for part, times in lookers.parts for child in self._led(part, step)]
            )
        return lookers.below[step]

    def _led(self, part: _Part, step: str | int | None) -> Iterator[dict[str, Any]]:
        self._step()
        if isinstance(step, int):
            yield from part.items
            return
        if step in part.named:
            yield part.named[step]
        yield from part.others

    def _at(self, first: list[tuple[dict[str, Any], int]]) -> _Lookers:
        """Return what looks at a place where these parts do: with all that they lead to in the same place."""
        times: dict[int, int] = {}
        for node, often in first:
            self._step()
            times[id(node)] = times.get(id(node), 0) + often
        key = frozenset(times.items())
        if key not in self._lookers:
            order = self._order([node for node, _ in first])
            position = {each: index for index, (each, _) in enumerate(order)}
            for index, (each, part) in enumerate(order):
                if times[each] > MOST_LOOKS:
                    raise TooMuchWork
                for child in part.here:
                    self._step()
                    if position[id(child)] > index:  # a part that leads to itself in the same place is looked at once
                        times[id(child)] = times.get(id(child), 0) + times[each]
            found = self._lookers[key] = _Lookers([(part, times[each]) for each, part in order])
            self._step(len(found.names) // 16)
        return self._lookers[key]

    def _order(self, first: list[dict[str, Any]]) -> list[tuple[int, _Part]]:
        """Return all parts of one place, each behind those that lead to it."""
        done: list[tuple[int, _Part]] = []
        met: set[int] = set()
        left: list[tuple[dict[str, Any], bool]] = [(node, False) for node in first]
        while left:
            node, over = left.pop()
            if over:
                done.append((id(node), self._part(node)))
            elif id(node) not in met:
                self._step()
                met.add(id(node))
                left.append((node, True))
                left += [(child, False) for child in self._part(node).here]
        return done[::-1]

    def _part(self, node: dict[str, Any]) -> _Part:
        if id(node) not in self._parts:
            self._parts[id(node)] = _Part(self._document, node)
        return self._parts[id(node)]

    def _step(self, several: int = 1) -> None:
        self._steps += several
        if self._steps > _MOST_STEPS:
            raise TooMuchWork


def _objects(nodes: Iterable[Any]) -> list[dict[str, Any]]:
    return [node for node in nodes if isinstance(node, dict)]
