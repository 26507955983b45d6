"""Row 30 for good: scheduler, executor and what they share never ask for the time of day, so that it cannot mislead them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path
    for folder in ("services/scheduler", "services/executor", "shared/slipway")
    for path in (ROOT / folder).rglob("*.py")
    if not any(part in path.as_posix() for part in ("slipway/dev/", "slipway/cli/", "slipway/identity.py"))
)
"""Beside tools for people, and `identity`: an id that holds a time decides nothing by it."""
WALL = {
    "time.time",
    "time.time_ns",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.CLOCK_REALTIME",
}


def wall_clocks(source: str) -> set[str]:
    """Return the names of wall clocks that a module reads."""
    names = {ast.unparse(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
    return {name for name in names if ".".join(name.split(".")[-2:]) in WALL}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_decision_by_the_time_of_day(path: Path):
    assert not wall_clocks(path.read_text())


def test_the_check_itself_finds_one():
    assert wall_clocks("import datetime\nx = datetime.datetime.now(datetime.UTC)") == {"datetime.datetime.now"}
