"""What commands print: tables for people, JSON and YAML for programs. Remarks go to stderr."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

T = TypeVar("T")
_OBEYED = re.compile(r"[\x7f-\x9f]")
UNWRAPPED = 10_000
"""Columns where there is no terminal: lines of a pipe are never broken."""


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Output = Annotated[Format, Parameter(name=["--output", "-o"], help="How to print it.")]
Column = tuple[str, Callable[[T], object]]

STYLES = {
    "ready": "green", "succeeded": "green", "error": "red", "failed": "red", "quarantined": "red", "refused": "red",
    "deleting": "yellow", "pending": "yellow", "provisioning": "yellow", "upgrading": "yellow", "running": "yellow",
}  # fmt: skip


def console() -> Console:
    """Return where answers go."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else UNWRAPPED)


def remarks() -> Console:
    """Return where everything else goes, so that stdout is what was asked for."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def say(text: str) -> None:
    remarks().print(printable(text))


def printable(text: str) -> str:
    """Return text that cannot colour, move or rename the terminal of whoever reads it: others may have written it."""
    return "".join(each if each.isprintable() or each in "\n\t" else "\N{REPLACEMENT CHARACTER}" for each in text)


def escaped(text: str) -> str:
    """Return JSON text in which those characters are written out that a terminal obeys and JSON has as they are."""
    return _OBEYED.sub(lambda each: f"\\u{ord(each[0]):04x}", text)


def show_list(items: Iterable[T], columns: Sequence[Column[T]], output: Format, *, empty: str) -> None:
    """Print many: a table with these columns, or all fields of each."""
    rows = list(items)
    if output is not Format.TABLE:
        dump(rows, output)
        return
    if not rows:
        say(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    for name, _ in columns:
        table.add_column(name.upper(), no_wrap=name != "reason", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value(row)) for _, value in columns))
    _print(table)


def show_one(item: T, lines: Sequence[Column[T]], output: Format) -> None:
    """Print one: a line for each thing that there is to say, or all fields."""
    if output is not Format.TABLE:
        dump(item, output)
        return
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in lines:
        if (text := value(item)) not in (None, ""):
            table.add_row(name, _cell(text))
    _print(table)


def dump(value: Any, output: Format) -> None:
    """Print a value for programs."""
    plain = msgspec.to_builtins(value)
    if output is Format.YAML:
        sys.stdout.write(msgspec.yaml.encode(plain).decode())
    else:
        sys.stdout.write(escaped(json.dumps(plain, indent=2, ensure_ascii=False)) + "\n")


def styled(status: str) -> str:
    return STYLES.get(status, "")


def _print(table: Table) -> None:
    """Print a table without the spaces at the ends of its lines, which only get in the way of what reads them."""
    out = console()
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as captured:
        out.print(table)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _cell(value: object) -> Text:
    text = "" if value is None else printable(str(value))
    return Text(text, style=styled(text))
