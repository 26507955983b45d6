"""Every line of `data_model.md` names tests, and each of them is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\| `(?P<line>.+)` \| (?P<tests>.*) \|$")
LINES = [
    match
    for text in (Path(__file__).parent / "data_model.md").read_text().splitlines()
    if text.startswith("| `") and (match := ROW.match(text))
]


@cache
def functions_in(module: str) -> frozenset[str]:
    tree = ast.parse((TESTS / module).read_text())
    found = (each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(name for name in found if name.startswith("test_"))


def test_there_are_lines():
    written = (Path(__file__).parent / "data_model.md").read_text().count("\n| `")
    assert len(LINES) == written > 60


@pytest.mark.parametrize("row", LINES, ids=lambda row: row["line"][:60])
def test_a_line_has_tests(row: re.Match[str]):
    named = re.findall(r"`([^`]+)`", row["tests"])
    assert named
    for each in named:
        module, _, name = each.partition("::")
        assert name in functions_in(module), each
