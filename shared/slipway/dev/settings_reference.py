"""The settings of every program as Markdown, from the structs that they are read into."""

import ast
import inspect
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import cast

import msgspec

from slipway.settings import PROGRAMS, SERVICES, Settings, expected


def all_settings() -> dict[str, type[Settings]]:
    """Return the settings of each service, and then of each program that runs once."""
    return {
        point.name: point.load() for group in (SERVICES, PROGRAMS)
        for point in sorted(entry_points(group=group), key=lambda each: each.name)
    }  # fmt: skip


def render() -> str:
    """Return a table for each program."""
    return "\n".join(line for name, kind in all_settings().items() for line in _program(name, kind))


def meanings(kind: type[Settings]) -> dict[str, str]:
    """Return the text below each field, its bases' fields among them."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if issubclass(each, Settings):
            found |= _meanings(each)
    return found


def _program(name: str, kind: type[Settings]) -> Iterator[str]:
    said = meanings(kind)
    yield from (f"## {name}", "", "| variable | default | takes | meaning |", "|---|---|---|---|")
    for field in msgspec.structs.fields(kind):
        default = "needed" if field.required else f"`{_shown(field.default)}`" if field.default not in ("", ()) else ""
        takes = expected(field.type).replace("|", "\\|")
        yield f"| `{field.encode_name}` | {default} | {takes} | {said.get(field.name, '')} |"
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
