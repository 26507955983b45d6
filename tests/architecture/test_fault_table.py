"""The table of faults in docs/faults.md is what the tests say: a row each, proved by tests whose words name that row."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "faults.md"
ROWS = {*(str(number) for number in range(1, 63) if number not in (26, 31)), *(f"H{number}" for number in range(1, 20))}
"""Every fault that was thought of; 26 and 31 were never given."""
SAID = re.compile(r"\b[Rr]ows? (H?\d+(?:(?:, | and )H?\d+)*)")
NOT_APPLICABLE = re.compile(r"does not apply: .{20,}")


def documented() -> dict[str, str]:
    """Return what proves each row, by its name."""
    rows = re.findall(r"^\| (H?\d+) \|.*\| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a row is there twice"
    return dict(rows)


def named(cell: str) -> set[str]:
    """Return the tests that a cell names: `file` for all of a file, or `file::test`."""
    found: set[str] = set()
    for file, tests in re.findall(r"`([a-z0-9_]+/test_[a-z0-9_]+\.py)`(?:: ((?:`test_\w+`(?:, )?)+))?", cell):
        names = re.findall(r"`(test_\w+)`", tests)
        found |= {f"{file}::{name}" for name in names} or {file}
    return found


def said() -> dict[str, set[str]]:
    """Return the rows that each test says it proves, and those that a whole file says."""
    found: dict[str, set[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        file, tree = str(path.relative_to(TESTS)), ast.parse(path.read_text())
        tests = [each for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
        for name, node in [(file, tree), *((f"{file}::{each.name}", each) for each in tests)]:
            groups = SAID.findall(ast.get_docstring(node) or "")
            found[name] = {row for group in groups for row in re.findall(r"H?\d+", group)}
    return found


def test_every_row_is_there():
    assert documented().keys() == ROWS


def test_every_row_is_proved_by_tests_that_are_there_and_say_so():
    by = said()
    for row, cell in documented().items():
        tests = named(cell)
        assert tests or NOT_APPLICABLE.search(cell), f"row {row} names no test"
        for test in tests:
            assert test in by, f"row {row}: there is no {test}"
            assert row in by[test], f"{test} does not say that it proves row {row}"


def test_every_test_that_says_a_row_is_in_it():
    page = {row: named(cell) for row, cell in documented().items()}
    for test, rows in said().items():
        for row in rows:
            assert row in page, f"{test}: there is no row {row}"
            assert {test, test.partition("::")[0]} & page[row], f"docs/faults.md, row {row}, lacks {test}"
