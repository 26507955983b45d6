"""`--help` of every command explains each thing that it takes."""

import re
from collections.abc import Iterator

import pytest
from cyclopts import App

from slipway.cli.main import app, run

ROW = re.compile(r"│ (?:\*  |   )?(?P<name>--?\S+|[A-Z][A-Z-]*)(?P<rest>.*)│$")
"""Of a table of arguments; what goes on from the row above it is indented deeper."""
KNOWN = re.compile(r"--?\S+|\b[A-Z]+(\.\.\.)?(?= )|\[(required|choices: [^]]*)\]")
"""What stands in a row that nobody has explained: further names, the type, the choices."""


def commands(group: App, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in sorted(each for each in group if not each.startswith("-")):
        yield (*path, name)
        yield from commands(group[name], (*path, name))


@pytest.mark.parametrize("command", list(commands(app)), ids=" ".join)
def test_what_a_command_takes_is_explained(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "200")
    assert run([*command, "--help"]) == 0
    rows = [found for line in capsys.readouterr().out.splitlines() if (found := ROW.match(line))]
    bare = [row["name"] for row in rows if not re.search("[a-z]{2}", KNOWN.sub("", f" {row['rest']} "))]
    assert bare == []
