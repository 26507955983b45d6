"""The settings of every service as Markdown, from the structs that they are read into."""

import ast
import inspect
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import cast

import msgspec

from slipway.settings import Settings


def render() -> str:
    """Return a table for each service."""
    return "\n".join(line for point in sorted(entry_points(group="slipway.settings"), key=lambda each: each.name)
                     for line in _service(point.name, point.load()))  # fmt: skip


def _service(name: str, kind: type[Settings]) -> Iterator[str]:
    meanings: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if issubclass(each, Settings):
            meanings |= _meanings(each)
    yield from (f"## {name}", "", "| variable | default | meaning |", "|---|---|---|")
    for field in msgspec.structs.fields(kind):
        default = "needed" if field.required else f"`{_shown(field.default)}`" if field.default not in ("", ()) else ""
        yield f"| `{field.encode_name}` | {default} | {meanings.get(field.name, '')} |"
    yield ""


def _shown(default: object) -> str:
    return ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def _meanings(kind: type[Settings]) -> dict[str, str]:
    """Return the text under each field of a struct."""
    body = cast("ast.ClassDef", ast.parse(inspect.getsource(kind)).body[0])
    found: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            found[field.target.id] = " ".join(str(ast.literal_eval(below.value)).split())
    return found
