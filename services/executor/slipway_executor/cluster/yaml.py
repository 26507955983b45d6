"""YAML as Helm and the API server read it (sigs.k8s.io/yaml): `12:30`, `2024-01-01` and `=` are texts, `1e3` is a number."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT, _FLOAT, _TIMESTAMP, _VALUE = (f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp", "value"))


_ANCHOR = re.compile(r"(?:^|[\s,\[{:?-])&[^\s,\[\]{}]")
MANIFEST_MOST = 32 * 1024 * 1024
"""Twice what a chart may render."""


class _Loader(_BASE):
    """Safe: makes no objects but plain ones."""

    yaml_implicit_resolvers = {
        first: [each for each in resolvers if each[0] not in (_INT, _FLOAT, _TIMESTAMP, _VALUE)]
        for first, resolvers in _BASE.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    _INT, re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)\Z"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    _FLOAT,
    re.compile(
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
    ),
    list("-+0123456789."),
)


def load(text: str | bytes) -> Any:
    """Return the one document; yaml.YAMLError when it is none."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a safe one


class TooMuch(yaml.YAMLError):
    """Written out it is longer than it may be."""


def load_bounded(text: str | bytes, *, most: int) -> Any:
    """Return the one document; yaml.YAMLError when it is none, TooMuch when with its aliases it is more than `most` long."""
    if len(text) > most:
        raise TooMuch
    _measure(text, most)
    return load(text)


def _measure(text: str | bytes, most: int) -> None:
    """Raise TooMuch when what the aliases stand for comes to too much: an alias of aliases doubles with each line."""
    if not _ANCHOR.search(text if isinstance(text, str) else text.decode(errors="replace")):
        return  # most texts have none, and to go through the others takes as long as to load them
    lengths: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    length = 0
    for event in yaml.parse(text, Loader=_Loader):
        match event:
            case yaml.ScalarEvent():
                length += (own := len(event.value) + 1)
                if event.anchor:
                    lengths[event.anchor] = own
            case yaml.AliasEvent():
                length += lengths.get(event.anchor, most)  # one of a node that is not closed yet has no end
            case yaml.CollectionStartEvent():
                open_nodes.append((event.anchor, length))
                length += 1
            case yaml.CollectionEndEvent():
                anchor, before = open_nodes.pop()
                if anchor:
                    lengths[anchor] = length - before
            case _:
                pass
        if length > most:
            raise TooMuch


def load_all(text: str) -> Iterator[Any]:
    """Yield the documents; yaml.YAMLError when one cannot be read, TooMuch when their aliases stand for gigabytes."""
    _measure(text, MANIFEST_MOST)
    return yaml.load_all(text, Loader=_Loader)
