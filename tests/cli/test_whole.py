"""No command is left that never worked. The last module of this folder: it looks at what the others have run."""

from pathlib import Path

import pytest

from slipway.cli.main import app
from tests.cli.conftest import went_well
from tests.cli.terminal import succeeded
from tests.cli.test_help import commands

HERE = Path(__file__).parent
ELSEWHERE = {("admin", "restored"), ("admin", "orphans")}
"""Run where a scheduler runs, in `tests/operations/test_restore.py`."""


def test_every_command_was_run_with_success(request: pytest.FixtureRequest):
    collected = {item.path for item in request.session.items}
    if not collected >= set(HERE.glob("test_*.py")) or request.config.getoption("keyword"):
        pytest.skip("a part of tests/cli was chosen; what the whole runs is looked at when the whole runs")
    others = {item.nodeid for item in request.session.items if item.path.parent == HERE} - {request.node.nodeid}
    if left := sorted(others - went_well):
        pytest.skip(f"what {len(left)} other tests run is not known: they failed or ran elsewhere, {left[0]} for one")
    known = list(commands(app))
    leaves = {command for command in known if not any(other[: len(command)] == command != other for other in known)}
    unseen = {
        command for command in leaves - ELSEWHERE if not any(ran[: len(command)] == command for ran in succeeded)
    }  # fmt: skip
    assert unseen == set()
