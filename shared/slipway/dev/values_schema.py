"""What a chart's `env` takes for each setting of a service, as JSON Schema: written from the settings' types.

A value there is text, a number or a boolean, and what the service reads is text; empty counts as unset. The service judges all
of it when it starts, and so what a pattern cannot say: the size of a number that is written as text, a network's bits.
"""

import re
from typing import Any

import msgspec

from slipway.settings import Network, Settings

_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = rf"{_BYTE}(\.{_BYTE}){{3}}"
_GROUP = "[0-9A-Fa-f]{0,4}"
NETWORK = f"^({_V4}(/(3[0-2]|[12]?[0-9]))?|({_GROUP}:){{2,8}}({_GROUP}|{_V4})(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?)$"

_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_LENGTHS = ("minLength", "maxLength")
_BOOLEAN = {"type": ["boolean", "integer", "string"], "minimum": 0, "maximum": 1}
_TRUTH = "^([Tt]rue|TRUE|[Ff]alse|FALSE|[01])?$"
_UNKNOWN_TO_HELM = re.compile(r"\(\?(?![:P])|\\[1-9]")
"""Lookarounds and the like: Go's regular expressions have none."""


def variables_schema(kind: type[Settings]) -> dict[str, Any]:
    """Return the schema of each variable whose type says more than that it is text."""
    found = {
        field.encode_name: _of_variable(msgspec.json.schema(field.type, schema_hook=_of_our_own))
        for field in msgspec.structs.fields(kind)
    }
    return {name: schema for name, schema in found.items() if schema}


def _of_our_own(kind: type[Any]) -> dict[str, Any]:
    return {"type": "string", "pattern": NETWORK} if kind is Network else {}


def _of_variable(schema: dict[str, Any]) -> dict[str, Any]:
    if values := schema.get("enum"):
        return {"enum": ["", *values, *(each == "true" for each in values if each in ("true", "false"))]}
    match schema.get("type"):
        case "integer" | "number" as number:
            bounds = _picked(schema, *_BOUNDS)
            return {"type": [number, "string"], **bounds, "pattern": _number(number, bounds)}
        case "boolean":
            return {**_BOOLEAN, "pattern": _TRUTH}
        case "array":
            item = _item(schema["items"])
            return {"type": "string", "pattern": rf"^(\s*({item})?\s*(,|$))*$"} if item else {}
        case "string":
            said = _picked(schema, *_LENGTHS) | ({"pattern": pattern} if (pattern := _pattern(schema)) else {})
            return {"type": "string", "anyOf": [{"const": ""}, said]} if said else {}
        case _:
            return {}


def _number(kind: str, bounds: dict[str, Any]) -> str:
    """Return the pattern of a number as text: its form, its sign where there is but one, and whether it may be zero."""
    least, above = bounds.get("minimum", -1), bounds.get("exclusiveMinimum", -1)
    sign = "" if max(least, above) >= 0 else "-?"
    if kind == "number":
        return rf"^({sign}([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)?$"
    return "^(0*[1-9][0-9]*)?$" if least >= 1 or above >= 0 else f"^({sign}[0-9]+)?$"


def _item(schema: dict[str, Any]) -> str:
    """Return the pattern of one part of a list, without its anchors; empty when there is none that can stand within another."""
    pattern = "^" + "|".join(map(re.escape, values)) + "$" if (values := schema.get("enum")) else _pattern(schema)
    inner = pattern.removeprefix("^").removesuffix("$")
    whole = len(inner) == len(pattern) - 2 and not re.search(r"[$^]", inner.replace("[^", ""))
    return inner if whole else ""


def _pattern(schema: dict[str, Any]) -> str:
    pattern = schema.get("pattern", "").replace(r"\A", "^").replace(r"\Z", "$")
    return "" if _UNKNOWN_TO_HELM.search(pattern) else pattern


def _picked(schema: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: schema[name] for name in names if name in schema}
