"""Where the secret fields of a user's values are, by the schema. Pure."""

from typing import Any

import msgspec

from slipway.domain import schemas
from slipway.domain.charts import Capabilities
from slipway.domain.kept import of_small_schemas
from slipway.domain.schemas import Document, Path
from slipway.domain.values import USER, at, parse_pointer, pointer

_DEEPEST = 100
"""Steps into a schema; values have fewer levels."""
_MOST = 1000
"""Secrets of one schema."""


def secret_pointers(schema: dict[str, Any], capabilities: Capabilities) -> frozenset[str]:
    """Return the JSON pointers, in the user's values, of the fields that are secret by schema or by capability."""
    return _pointers(schema, whole=_has_charts_shape(capabilities)) | capabilities.secret_fields.keys()


@of_small_schemas
def _pointers(schema: dict[str, Any], *, whole: bool) -> frozenset[str]:
    return frozenset(pointer(path) for path in _Walk(schema).of_users(whole=whole).paths)


def _has_charts_shape(capabilities: Capabilities) -> bool:
    """Tell whether what a user gives has the shape of the chart's values, and not of their `user`."""
    return capabilities.user_values_paths is not None


def secrets_end(schema: dict[str, Any], capabilities: Capabilities) -> bool:
    """Tell whether the schema's secrets have places that can be told one by one: none in a part that contains itself."""
    walk = _Walk(schema)
    walk.of_users(whole=_has_charts_shape(capabilities))
    return not walk.endless


def placeless_secret(schema: dict[str, Any], capabilities: Capabilities) -> str | None:
    """Return the JSON pointer, in the schema, of what makes a secret without a fixed place in the values, or None.

    An item of a list and a property whose name the user chooses have none. They need none below a secret, nor where
    users may set nothing.
    """
    paths = capabilities.user_values_paths
    allowed = [()] if paths is None else [parse_pointer(path) for path in paths if path.startswith("/")]
    placeless = _Walk(schema).of_users(whole=_has_charts_shape(capabilities)).placeless.items()
    return next((pointer(part) for above, part in placeless if any(_meet(above, each) for each in allowed)), None)


def embedded_part(schema: dict[str, Any]) -> str | None:
    """Return the JSON pointer of a part with an `$id` of its own, in a schema with secrets: they are not told there."""
    embedded = Document(schema).embedded  # what references in it mean is not followed
    return pointer(embedded[0]) if embedded and any(_is_secret(node) for node, _ in schemas.walk(schema)) else None


class _Secrets(msgspec.Struct):
    """The secrets at and below a place of the values."""

    paths: set[Path] = msgspec.field(default_factory=set[Path])
    """From that place; the empty one is the place itself."""
    placeless: dict[Path, Path] = msgspec.field(default_factory=dict[Path, Path])
    """Of those that no fixed path leads to: where in the schema they stand, by the last place that has a path."""

    def add(self, other: "_Secrets", name: str | None = None) -> None:
        """Take in those of the same place, or of a property."""
        way = () if name is None else (name,)
        self.paths |= {way} if name is not None and () in other.paths else {(*way, *path) for path in other.paths}
        for above, part in other.placeless.items():
            self.placeless.setdefault((*way, *above), part)


class _Walk:
    """One way through a schema in search of secrets. A part is looked at once, however many places refer to it."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.endless = False
        """Whether some secrets were left out: those below a reference to itself, or too many or too deep to tell."""
        self._document = Document(root)
        self._known: dict[str, _Secrets] = {}
        self._open: list[str] = []
        """The references on the way to here."""
        self._again: set[str] = set()
        """Those that were met while they were open."""

    def of_users(self, *, whole: bool) -> _Secrets:
        """Return the secrets in what a user may give: the whole values, or their `user`."""
        place = () if whole else ("properties", USER)
        found = self._below(at(self._document.root, place), place, 0)
        found.paths.discard(())
        return found

    def _below(self, node: Any, where: Path, depth: int) -> _Secrets:
        found = _Secrets()
        if not isinstance(node, dict):
            return found
        if depth > _DEEPEST:
            self.endless = True
            return found
        if _is_secret(node):
            found.paths.add(())
        for reference in schemas.references(node):
            found.add(self._referred(reference, depth))
        for child, place in schemas.same_place(node, where):
            found.add(self._below(child, place, depth + 1))
            self._limit(found)
        for name, (child, place) in schemas.properties(node, where):
            found.add(self._below(child, place, depth + 1), name)
            self._limit(found)
        for child, place in schemas.nameless(node, where) if () not in found.paths else ():
            below = self._below(child, place, depth + 1)
            if below.paths or below.placeless:
                found.placeless.setdefault((), next(iter(below.placeless.values()), place))
        if () in found.paths:
            found.placeless.clear()  # they are in a secret
        return found

    def _referred(self, reference: str, depth: int) -> _Secrets:
        if reference in self._open:
            self._again.add(reference)
            return _Secrets()
        if reference not in self._known:
            self._open.append(reference)
            node, where = self._document.named(reference)
            found = self._known[reference] = self._below(node, where, depth + 1)
            self._open.pop()
            self.endless |= bool(found.paths or found.placeless) and reference in self._again
        return self._known[reference]

    def _limit(self, found: _Secrets) -> None:
        if len(found.paths) > _MOST or len(found.placeless) > _MOST:
            self.endless = True
            found.paths = set(sorted(found.paths)[:_MOST])
            found.placeless = dict(list(found.placeless.items())[:_MOST])


def _meet(one: Path, other: Path) -> bool:
    """Tell whether one path leads to the other or on from it."""
    return all(a == b for a, b in zip(one, other, strict=False))


def _is_secret(node: dict[str, Any]) -> bool:
    return node.get("writeOnly") is True or node.get("format") == "password"
