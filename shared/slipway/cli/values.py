"""Values from flags and files: `--set a.b=c` gets the type that the product's values schema says."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from slipway.cli.exits import Exit, Stop
from slipway.domain.values import Values, merge, nest

Schema = dict[str, Any]
_DOT = re.compile(r"(?<!\\)\.")


def gathered(schema: Schema | None, file: str | None, sets: Sequence[str], *, under: Values | None = None) -> Values:
    """Return the values of a file with those of `--set` over them, all over `under`."""
    layers = [under or {}, read_file(file) if file else {}, *(typed(schema, each) for each in sets)]
    return merge(*layers)


def read_file(name: str, flag: str = "--values") -> Values:
    """Return the object that a YAML or JSON file holds; `-` is standard input."""
    try:
        text = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise Stop(Exit.MISUNDERSTOOD, f"{flag}: {name} cannot be read: {error.strerror}") from error
    try:
        found = _carried(msgspec.yaml.decode(text))
    except msgspec.DecodeError as error:
        raise Stop(Exit.MISUNDERSTOOD, f"{flag}: {name} is not YAML: {error}") from None
    except (ValueError, RecursionError):
        raise Stop(Exit.MISUNDERSTOOD, f"{flag}: {name} holds what JSON cannot: {_UNCARRIED}") from None
    if not isinstance(found, dict):
        raise Stop(Exit.MISUNDERSTOOD, f"{flag}: {name} holds no object (`key: value` lines)")
    return found


def typed(schema: Schema | None, assignment: str) -> Values:
    """Return the values object of one `path=value`. Where the schema is silent, YAML decides: 3 is a number."""
    path, equals, raw = assignment.partition("=")
    keys = [key.replace("\\.", ".") for key in _DOT.split(path)]
    if not equals or not all(keys):
        raise Stop(Exit.MISUNDERSTOOD, f"--set {assignment}: write --set name=value, or --set group.name=value")
    return nest(keys, _converted(_of_path(schema or {}, keys, path), raw, path))


def _of_path(schema: Schema, keys: Sequence[str], path: str) -> Schema:
    """Return the schema of a place; Stop when the product has no such value and says so."""
    root, here = schema, _resolved(schema, schema)
    for key in keys:
        properties = here.get("properties") or {}
        patterns = [each for pattern, each in (here.get("patternProperties") or {}).items() if _matches(pattern, key)]
        others = here.get("additionalProperties", True)
        if key in properties:
            here = _resolved(root, properties[key])
        elif patterns:
            here = _resolved(root, patterns[0])
        elif others is False and properties:
            names = ", ".join(sorted(properties))
            raise Stop(Exit.MISUNDERSTOOD, f"--set {path}: there is no value {key!r} here; there are: {names}")
        else:
            here = _resolved(root, others) if isinstance(others, dict) else {}
    return here


def _matches(pattern: str, key: str) -> bool:
    """Tell whether a key is of a pattern; what only the API's engine understands counts: the API judges it."""
    try:
        return re.search(pattern, key) is not None
    except re.error:
        return True


def _resolved(root: Schema, schema: Any) -> Schema:
    """Follow references within the document, a bounded number of times."""
    for _ in range(8):
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        schema = root
        for part in reference[2:].split("/"):
            schema = schema.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(schema, dict) else {}
    return schema if isinstance(schema, dict) else {}


def _converted(schema: Schema, raw: str, path: str) -> Any:
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    for kind in kinds:
        try:
            return _carried(_as(kind, raw))
        except (ValueError, RecursionError):
            continue
    if kinds:
        wanted = " or ".join(_NAMES.get(kind, kind) for kind in kinds)
        raise Stop(Exit.MISUNDERSTOOD, f"--set {path}: {raw!r} is not {wanted}")
    if options := schema.get("enum"):
        return next((each for each in options if str(each) == raw), raw)
    return _guessed(raw)


_NAMES = {
    "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": 'a list such as ["a", "b"]',
    "object": 'an object such as {"a": 1}', "string": "a text",
}  # fmt: skip


def _as(kind: str, raw: str) -> Any:
    match kind:
        case "string":
            return raw
        case "integer":
            return int(raw)
        case "number":
            return int(raw) if raw.lstrip("-").isdigit() else float(raw)
        case "boolean" if raw.casefold() in ("true", "false"):
            return raw.casefold() == "true"
        case "array" | "object":
            found = json.loads(raw)
            if isinstance(found, list if kind == "array" else dict):
                return found
        case _:
            pass
    raise ValueError(kind)


def _guessed(raw: str) -> Any:
    try:
        found = _carried(msgspec.yaml.decode(raw))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return raw
    return found if isinstance(found, (bool, int, float, list, dict)) else raw


_UNCARRIED = "a number that is infinite or none, or what contains itself or is nested too deep"


def _carried(value: Any) -> Any:
    """Return a value that JSON can carry; ValueError or RecursionError for any other."""
    json.dumps(msgspec.to_builtins(value), allow_nan=False)
    return value
