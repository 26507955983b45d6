"""User values against a template's schema (drafts 2020-12 and 7, local references only), judged as Helm judges them."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from slipway.domain.charts import Capabilities
from slipway.domain.kept import of_small_schemas
from slipway.domain.schema_work import TooMuchWork, check_work
from slipway.domain.schemas import Document, references, walk
from slipway.domain.values import USER, Problem, Values, check_user_values, merge, outside, parse_pointer, pointer

DRAFT_2020_12 = ("https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2020-12/schema#")
DRAFT_7 = ("http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-07/schema#")

_PATTERNS = jsonschema_rs.RegexOptions()
"""Without looking around and back references, which Helm does not know."""
_WHOLE = "urn:slipway:values-schema"


class InvalidSchema(ValueError):
    """Not a JSON Schema that can be used."""


def check_schema(schema: dict[str, Any]) -> None:
    """InvalidSchema when it is no schema, points outside of itself, or cannot be used for what `problems` does."""
    if schema.get("$schema", DRAFT_7[0]) not in (*DRAFT_2020_12, *DRAFT_7):
        raise InvalidSchema(f"is of another draft than 2020-12 ({DRAFT_2020_12[0]}) and 7 ({DRAFT_7[0]})")
    for reference in _references(schema):
        if not reference.startswith("#"):
            raise InvalidSchema(f"only local references (#...) are allowed, not {reference[:100]}")
    _made(schema)
    if _takes_values(schema):
        _made(_of_user(schema))


def problems(
    values: Any, schema: dict[str, Any], capabilities: Capabilities, *, defaults: Values | None = None
) -> list[Problem]:
    """Return what is wrong with a user's values over the template's defaults; pointers are into the user's values."""
    defaults = defaults or {}
    if values is None or values == {}:
        values = {}
    elif found := check_user_values(values):
        return found
    if capabilities.user_values_paths is not None:
        allowed = [parse_pointer(path) for path in capabilities.user_values_paths]
        refused = [Problem(pointer=where, message="may not be set by users") for where in outside(values, allowed)]
        return refused or _violations(merge(defaults, values), schema)
    if not _takes_values(schema):
        return [Problem(pointer=pointer([key]), message="this product takes no values") for key in values]
    own = defaults.get(USER)
    return _violations(merge(own if isinstance(own, dict) else {}, values), schema, of_user=True)


def default_problems(own: Any, schema: dict[str, Any]) -> list[Problem]:
    """Return what is wrong with a template's defaults for `user`; what they leave out a user may give."""
    if not isinstance(own, dict):
        return [Problem(pointer="", message="must be an object")]
    if not _takes_values(schema):
        return problems(own, schema, Capabilities())
    return _violations(own, schema, of_user=True, partial=True)


def _takes_values(schema: dict[str, Any]) -> bool:
    return schema.get("properties", {}).get(USER, False) is not False


def _of_user(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of `user` alone, inside the whole document, so that whatever it refers to is where it was."""
    whole = {**{key: value for key, value in schema.items() if key != "$schema"}, "$id": _WHOLE}
    own = {"definitions": {"whole": whole}, "allOf": [{"$ref": f"{_WHOLE}#/properties/{USER}"}]}
    return {"$schema": DRAFT_7[0], **own} if schema.get("$schema") in DRAFT_7 else own


def _violations(values: Any, schema: dict[str, Any], *, of_user: bool = False, partial: bool = False) -> list[Problem]:
    if _takes_too_long(values, schema, of_user=of_user):
        message = (
            "the schema of this template version refers to its parts so often that too many of them would judge these"
            " values: give fewer or less deep ones"
        )
        return [Problem(pointer="", message=message)]
    try:
        validator = _validator(schema, of_user=of_user)
    except InvalidSchema as error:  # of a version from before a rule of `check_schema`
        message = f"the schema of this template version {error}: an admin registers another"
        return [Problem(pointer="", message=message)]
    return [
        Problem(pointer=pointer(list(error.instance_path)), message=_sentence(error))
        for error in validator.iter_errors(values)
        if not (partial and isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required))
    ]


def _takes_too_long(values: Any, schema: dict[str, Any], *, of_user: bool) -> bool:
    """Tell whether validation, which nothing can interrupt, would go on and on. Only references make that possible."""
    if next(_references(schema), None) is None:
        return False
    try:
        check_work(Document(schema), schema["properties"][USER] if of_user else schema, values)
    except TooMuchWork:
        return True
    return False


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


@of_small_schemas
def _validator(schema: dict[str, Any], *, of_user: bool) -> Any:
    """Return what judges by a schema, or by its `user`."""
    return _made(_of_user(schema) if of_user else schema)


def _made(schema: dict[str, Any]) -> Any:
    try:
        if schema.get("$schema") in DRAFT_7:
            return jsonschema_rs.Draft7Validator(schema, retriever=_refuse, pattern_options=_PATTERNS)
        whole = {key: value for key, value in schema.items() if key != "$schema"}
        return jsonschema_rs.Draft202012Validator(whole, retriever=_refuse, pattern_options=_PATTERNS)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise InvalidSchema(f"is not a usable JSON Schema: {str(error).splitlines()[0][:200]}") from error


def _refuse(uri: str) -> Any:
    raise ValueError(f"reference to {uri[:100]} is not local")


def _references(schema: Any) -> Iterator[str]:
    """Yield what a schema refers to, anywhere."""
    for node, _ in walk(schema):
        yield from references(node)
