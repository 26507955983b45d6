"""Every line of `data_model.md` names tests, and each of them is there."""

import ast
import hashlib
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
DOCUMENT = "fe7818991dc1980bc5e05e500836dffdeeb44f66cb4589cedc8d25a42506356b"
"""SHA-256 of the document's text without headings, fences, white space, commas and hyphens."""
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


def test_no_line_of_the_document_is_left_out_or_changed():
    """The rows' text together is the document's, headings aside: rows may join its lines, and may not lose one."""
    written = (Path(__file__).parent / "data_model.md").read_text().count("\n| `")
    assert len(LINES) == written
    text = re.sub(r"[\s,-]", "", "".join(row["line"].replace(r"\|", "|") for row in LINES))
    assert hashlib.sha256(text.encode()).hexdigest() == DOCUMENT


@pytest.mark.parametrize("row", LINES, ids=lambda row: row["line"][:60])
def test_a_line_has_tests(row: re.Match[str]):
    named = re.findall(r"`([^`]+)`", row["tests"])
    assert named
    for each in named:
        module, _, name = each.partition("::")
        assert name in functions_in(module), each
