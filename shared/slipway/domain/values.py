"""Values: default < user < system, each in its place. A user's key never reaches outside its own."""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

Values = dict[str, Any]

USER = "user"
SYSTEM = "slipway"
MAX_DEPTH = 32
MAX_BYTES = 256 * 1024
_INT64 = 1 << 63
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""NUL, and each half of a surrogate pair."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one place of a value: a JSON pointer and a sentence."""

    pointer: str
    message: str


def merge(*layers: Values) -> Values:
    """Return the layers deep-merged, later over earlier: objects key by key, all else (arrays too) replaced."""
    merged: Values = {}
    for layer in layers:
        for key, value in layer.items():
            below = merged.get(key)
            merged[key] = merge(below if isinstance(below, dict) else {}, value) if isinstance(value, dict) else value
    return merged


def pointer(parts: Sequence[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def parse_pointer(text: str) -> tuple[str, ...]:
    """Return the path of a JSON pointer; ValueError when it does not begin with a slash."""
    if text and not text.startswith("/"):
        raise ValueError("a JSON pointer begins with /")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def check_user_values(values: Any) -> list[Problem]:
    """Return what no user value may be, whatever the schema says: null, NaN, huge numbers, NUL, depth, size."""
    if not isinstance(values, dict):
        return [Problem(pointer="", message="must be an object or null")]
    problems = [Problem(pointer=pointer(path), message=message) for path, message in _faults(values, ())]
    if not problems and len(canonical(values)) > MAX_BYTES:
        problems.append(Problem(pointer="", message=f"has more than {MAX_BYTES // 1024} KiB"))
    return problems


def _faults(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if len(path) > MAX_DEPTH:
        yield path, f"is nested deeper than {MAX_DEPTH} levels"
    elif isinstance(value, dict):
        for key, child in value.items():
            if not _is_text(key):
                yield path, "has a key with characters that no text may have"
            else:
                yield from _faults(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _faults(child, (*path, index))
    elif message := _scalar_fault(value):
        yield path, message


def _scalar_fault(value: Any) -> str | None:
    match value:
        case None:
            return "null is not a value here: leave the key out to have the default"
        case bool():
            return None
        case int() if not -_INT64 <= value < _INT64:
            return "is beyond 64 bits"
        case float() if not math.isfinite(value):
            return "is not a finite number"
        case float() if abs(value) >= _INT64:
            return "is beyond 64 bits"
        case str() if not _is_text(value):
            return "has characters that no text may have"
        case _:
            return None


def unstorable(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[str]:
    """Yield the pointer of each text in a JSON value, keys included, that no database column can hold."""
    if isinstance(value, dict):
        for key, child in value.items():
            if not _is_text(key):
                yield pointer(path)
            else:
                yield from unstorable(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from unstorable(child, (*path, index))
    elif isinstance(value, str) and not _is_text(value):
        yield pointer(path)


def storable(value: Any) -> Any:
    """Return a JSON value with a mark in place of each character that no database column can hold."""
    if isinstance(value, dict):
        return {storable(key): storable(child) for key, child in value.items()}
    if isinstance(value, list):
        return [storable(child) for child in value]
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else value


def _is_text(text: str) -> bool:
    """Tell whether it holds neither NUL nor half a surrogate pair."""
    return not _UNSTORABLE.search(text)


def at(values: Values, path: Sequence[str]) -> Any:
    """Return what stands at a path, or None when nothing does."""
    here: Any = values
    for key in path:
        if not isinstance(here, dict) or key not in here:
            return None
        here = here[key]
    return here


def nest(path: Sequence[str], value: Any) -> Values:
    """Return an object with the value at a path of keys; the path is not empty."""
    for key in reversed(path):
        value = {key: value}
    return value


def outside(values: Any, allowed: Sequence[Sequence[str]], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the pointer of each leaf that lies under none of the allowed paths."""
    if any(path[: len(each)] == tuple(each) for each in allowed):
        return
    if isinstance(values, dict) and values:
        for key, child in values.items():
            yield from outside(child, allowed, (*path, key))
    elif path:
        yield pointer(path)


def canonical(values: Any) -> bytes:
    """Return the one JSON text of a value: keys sorted, no spaces; equal for equal values in any order."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode(
        "utf-8", "surrogatepass"
    )


def release_digest(chart_identity: str, values: Values) -> str:
    """Return 40 hex digits over the chart's identity and its values: the release bears them as `slipway-digest`."""
    return hashlib.sha256(chart_identity.encode() + b"\0" + canonical(values)).hexdigest()[:40]
