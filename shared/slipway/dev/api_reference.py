"""The reference of the HTTP API as Markdown, from its OpenAPI document."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
HEAD = """# HTTP API

Made from the OpenAPI 3.1 document that every installation serves at `/api/v1/openapi.json`. Every call but those to sign in
needs `Authorization: Bearer <token>`. Errors are problem details (RFC 9457) with a stable `code`; a 422 names each field by a
JSON pointer. Lists are pages: `{items, next_cursor}`.
"""


def render(document: Json) -> str:
    """Return the page: calls by noun, then the schemas that they use."""
    return "\n".join([HEAD, *_calls(document), "## Schemas", "", *_schemas(document)]) + "\n"


def _calls(document: Json) -> Iterator[str]:
    by_tag: dict[str, list[tuple[str, str, Json]]] = {}
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            by_tag.setdefault((call.get("tags") or ["other"])[0], []).append((path, method.upper(), call))
    for tag, calls in sorted(by_tag.items()):
        yield from (f"## {tag.capitalize()}", "")
        for path, method, call in calls:
            yield from (f"### `{method} {path}`", "", call.get("description", ""), "")
            yield from _parameters(call)
            yield from _body(call)
            yield from _answers(call)


def _parameters(call: Json) -> Iterator[str]:
    parameters = [each for each in call.get("parameters", []) if each["in"] != "path"]
    if parameters:
        names = ", ".join(f"`{each['name']}` ({kind(each.get('schema', {}))})" for each in parameters)
        yield from (f"Parameters: {names}.", "")


def _body(call: Json) -> Iterator[str]:
    content = call.get("requestBody", {}).get("content", {})
    for media in content.values():
        yield from (f"Body: {kind(media.get('schema', {}))}.", "")


def _answers(call: Json) -> Iterator[str]:
    for status, answer in sorted(call.get("responses", {}).items()):
        if not status.startswith("2"):
            continue
        kinds = {kind(media.get("schema", {})) for media in answer.get("content", {}).values()} - {"anything"}
        yield from (f"Answer: {status}{' with ' if kinds else ''}{', '.join(sorted(kinds))}.", "")


def _schemas(document: Json) -> Iterator[str]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield from (f"### {name}", "")
        if text := schema.get("description"):
            yield from (text, "")
        required = set(schema.get("required", []))
        properties = schema.get("properties", {})
        if properties:
            yield from ("| field | type | |", "|---|---|---|")
            for field, each in properties.items():
                yield f"| `{field}` | {kind(each)} | {'always there' if field in required else ''} |"
        elif options := schema.get("enum"):
            yield ", ".join(f"`{each}`" for each in options)
        yield ""


def kind(schema: Json) -> str:
    """Return a type in words, with a link to a schema of its own."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#{anchor(name)})"
    for word in ("oneOf", "anyOf", "allOf"):
        if word in schema:
            return " or ".join(dict.fromkeys(kind(each) for each in schema[word]))
    match schema.get("type"):
        case "array":
            return f"list of {kind(schema.get('items', {}))}"
        case list() as several:
            return " or ".join(several)
        case str() as one:
            return f"{one} ({schema['format']})" if "format" in schema else one
        case _:
            return "anything"


def anchor(heading: str) -> str:
    """Return where the site puts a heading."""
    return "".join(each for each in heading.lower() if each.isalnum() or each in "-_")
