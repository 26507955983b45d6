"""User values against a template's schema (drafts 2020-12 and 7, local references only)."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from slipway.domain.charts import Capabilities
from slipway.domain.values import USER, Problem, check_user_values, outside, parse_pointer, pointer

DRAFT_7 = ("http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-07/schema#")


class InvalidSchema(ValueError):
    """Not a JSON Schema that can be used."""


def check_schema(schema: dict[str, Any]) -> None:
    """InvalidSchema when it is no schema, or points outside of itself."""
    for reference in _references(schema):
        if not reference.startswith("#"):
            raise InvalidSchema(f"only local references (#...) are allowed, not {reference[:100]}")
    try:
        _validator(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise InvalidSchema(f"is not a usable JSON Schema: {str(error).splitlines()[0][:200]}") from error


def problems(values: Any, schema: dict[str, Any], capabilities: Capabilities) -> list[Problem]:
    """Return what is wrong with a user's values; pointers are into the values themselves."""
    if values is None or values == {}:
        values = {}
    elif found := check_user_values(values):
        return found
    if capabilities.user_values_paths is not None:
        allowed = [parse_pointer(path) for path in capabilities.user_values_paths]
        refused = [Problem(pointer=where, message="may not be set by users") for where in outside(values, allowed)]
        return refused or list(_violations(values, schema))
    own = schema.get("properties", {}).get(USER)
    if own is None:
        return [Problem(pointer=pointer([key]), message="this product takes no values") for key in values]
    return list(_violations(values, {**_definitions(schema), **(own if isinstance(own, dict) else {})}))


def _violations(values: Any, schema: dict[str, Any]) -> Iterator[Problem]:
    for error in _validator(schema).iter_errors(values):
        where = list(error.instance_path)
        yield Problem(pointer=pointer(where), message=_sentence(error))


def _sentence(error: Any) -> str:
    """Say what the schema wants, without repeating what was given: it may be a secret."""
    masked = getattr(error, "message", "is not valid")
    kind = getattr(error, "kind", None)
    name = type(kind).__name__.rpartition("_")[2] if kind is not None else ""
    wanted = {
        attribute: getattr(kind, attribute)
        for attribute in ("types", "limit", "property", "pattern", "options", "unexpected")
        if hasattr(kind, attribute)
    }
    if wanted:
        inner = ", ".join(f"{key} {value}" for key, value in wanted.items())
        return f"does not meet the schema ({name}: {inner})"
    return (
        masked
        if "given" not in masked and len(masked) < 200 and not error.instance_path
        else f"does not meet the schema ({name})"
    )


def _validator(schema: dict[str, Any]) -> Any:
    if schema.get("$schema") in DRAFT_7:
        return jsonschema_rs.Draft7Validator(schema, retriever=_refuse)
    return jsonschema_rs.Draft202012Validator(
        {key: value for key, value in schema.items() if key != "$schema"}, retriever=_refuse
    )


def _refuse(uri: str) -> Any:
    raise ValueError(f"reference to {uri[:100]} is not local")


def _definitions(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: schema[key] for key in ("$schema", "$defs", "definitions") if key in schema}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)
