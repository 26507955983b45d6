"""The parts of a JSON schema: where its keywords lead, and what its references name. Pure."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from slipway.domain.values import parse_pointer

Path = tuple[str, ...]
"""The keys that lead to a place."""
Part = tuple[Any, Path]
"""A schema within a document, and where it stands there."""

_ONE = ("if", "then", "else", "not")
_LISTS = ("allOf", "anyOf", "oneOf")
_BY_NAME = ("dependentSchemas", "dependencies")
_OF_NAMES = ("additionalProperties", "unevaluatedProperties", "propertyNames")
_OF_ITEMS = ("items", "prefixItems", "additionalItems", "unevaluatedItems", "contains")
_PATTERNS = "patternProperties"
_MAPS = ("properties", _PATTERNS, "$defs", "definitions", *_BY_NAME)
"""Their keys are names, not keywords."""
_DATA = ("default", "const", "enum", "examples")
"""What these hold are values, not schemas."""


class Document:
    """A whole schema, in which references are looked up."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root
        self.embedded: list[Path] = []
        """Parts with an `$id` of their own: references in them start from there, and are not followed."""
        self._anchors: dict[str, Part] = {}
        for node, where in walk(root):
            for name in (node.get("$anchor"), node.get("$dynamicAnchor")):
                if isinstance(name, str):
                    self._anchors[name] = node, where
            own = node.get("$id")
            if isinstance(own, str) and own.startswith("#"):  # how draft 7 writes an anchor
                self._anchors[own[1:]] = node, where
            elif isinstance(own, str) and where:
                self.embedded.append(where)

    def named(self, reference: str) -> Part:
        """Return what a local reference names; None in place of a schema when that is nothing."""
        fragment = unquote(reference.removeprefix("#"))
        if fragment and not fragment.startswith("/"):
            return self._anchors.get(fragment, (None, ()))
        path = parse_pointer(fragment)
        return _at(self.root, path), path


def walk(root: Any) -> Iterator[tuple[dict[str, Any], Path]]:
    """Yield all schemas of a document with where they stand; it may be nested deeper than calls may."""
    left: list[tuple[Any, Path, bool]] = [(root, (), False)]
    while left:
        node, where, by_name = left.pop()
        if isinstance(node, dict):
            if not by_name:
                yield node, where
            left += [
                (child, (*where, key), not by_name and key in _MAPS)
                for key, child in node.items()
                if by_name or key not in _DATA
            ]
        elif isinstance(node, list):
            left += [(child, (*where, str(index)), False) for index, child in enumerate(node)]


def references(node: dict[str, Any]) -> Iterator[str]:
    """Yield what a schema itself refers to."""
    yield from (node[key] for key in ("$ref", "$dynamicRef") if isinstance(node.get(key), str))


def same_place(node: dict[str, Any], where: Path) -> Iterator[Part]:
    """Yield the schemas, references apart, that say something of the very value that this one does."""
    for key in _ONE:
        if key in node:
            yield node[key], (*where, key)
    for key in _LISTS:
        yield from _listed(node.get(key), (*where, key))
    for key in _BY_NAME:
        yield from _mapped(node.get(key), (*where, key))


def properties(node: dict[str, Any], where: Path) -> Iterator[tuple[str, Part]]:
    """Yield the schemas of named properties."""
    for child, place in _mapped(node.get("properties"), (*where, "properties")):
        yield place[-1], (child, place)


def nameless(node: dict[str, Any], where: Path) -> Iterator[Part]:
    """Yield the schemas of properties and items that have no name of their own."""
    yield from of_names(node, where)
    yield from of_items(node, where)


def of_names(node: dict[str, Any], where: Path) -> Iterator[Part]:
    """Yield the schemas of properties without a name of their own."""
    for key in _OF_NAMES:
        if key in node:
            yield node[key], (*where, key)
    yield from _mapped(node.get(_PATTERNS), (*where, _PATTERNS))


def of_items(node: dict[str, Any], where: Path) -> Iterator[Part]:
    """Yield the schemas of items."""
    for key in _OF_ITEMS:
        value = node.get(key)
        yield from _listed(value, (*where, key)) if isinstance(value, list) else ((value, (*where, key)),)


def _listed(value: Any, where: Path) -> Iterator[Part]:
    for index, child in enumerate(value if isinstance(value, list) else ()):
        yield child, (*where, str(index))


def _mapped(value: Any, where: Path) -> Iterator[Part]:
    for name, child in value.items() if isinstance(value, dict) else ():
        yield child, (*where, name)


def _at(root: Any, path: Path) -> Any:
    for key in path:
        if isinstance(root, list) and key.isdecimal() and int(key) < len(root):
            root = root[int(key)]
        elif isinstance(root, dict) and key in root:
            root = root[key]
        else:
            return None
    return root
