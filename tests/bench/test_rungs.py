"""Each rung runs at a tiny size and writes its row, so that `make bench` works when somebody wants to know. No time is judged."""

import shutil
from pathlib import Path

import msgspec
import pytest
from bench import results
from bench.__main__ import RUNGS, run, sizes
from bench.figures import Figure, Result, in_turn, percentile
from bench.plot import drawn

ROW = 7
"""Cells of a row."""


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """The page as it is in the repository, to be written into."""
    shutil.copy(results.DOCS / "benchmarks.md", tmp_path)
    return tmp_path


def rows(docs: Path) -> dict[str, str]:
    lines = (docs / "benchmarks.md").read_text().partition(results.BEGIN)[2].partition(results.END)[0].splitlines()
    found = [line for line in lines if line.startswith("| ")]
    assert all(line.count(" | ") == ROW - 1 for line in found), found
    return {line.split(" | ")[0].removeprefix("| "): line for line in found[1:]}


@pytest.mark.bench
@pytest.mark.servers
@pytest.mark.timeout(900)
@pytest.mark.parametrize("rung", RUNGS)
async def test_a_rung_runs_and_writes_its_row(docs: Path, rung: str):
    told: list[str] = []
    found = await run(rung, sizes(rung, tiny=True), docs=docs, say=told.append)
    assert found.rung == rung
    assert all(value > 0 for figure in found.figures for value in [*figure.theirs, *figure.ours] if figure.unit)
    assert set(rows(docs)) == {rung}
    assert all(line.startswith(f"[{rung},") for line in told)


def result(rung: str, ours: float = 2.0) -> Result:
    figure = Figure(name="jobs", unit="/s", ours=[ours], beside="other", theirs=[1.0], better="more", aim=1.5)
    return Result(rung=rung, what="what ran", figures=[figure], cores=2, load=(0.5, 0.7), day="2026-01-01")


def test_a_rung_replaces_its_own_row_only(docs: Path):
    for each in (result("b"), result("a"), result("b", ours=1.0)):
        results.keep(each, docs)
    found = rows(docs)
    assert list(found) == ["a", "b"]
    assert "**2.00** /s" in found["a"]
    assert ": met" in found["a"]
    assert "**1.00** /s" in found["b"]
    assert "**not met**" in found["b"]
    page = (docs / "benchmarks.md").read_text()
    assert page.startswith("# Benchmarks")
    assert "## What it is compared with" in page


def test_better_means_more_of_some_and_less_of_others():
    more = Figure(name="jobs", unit="/s", ours=[8, 10, 30], beside="other", theirs=[5], better="more", aim=2.0)
    less = Figure(name="delay", unit="ms", ours=[8, 10, 30], beside="other", theirs=[5], aim=2.0)
    assert (more.ratio, more.met) == (2.0, True)
    assert (less.ratio, less.met) == (0.5, False)
    alone = msgspec.structs.replace(less, beside="", theirs=[], aim=10.0)
    assert (alone.ratio, alone.met) == (None, True)
    assert msgspec.structs.replace(alone, aim=9.9).met is False
    assert msgspec.structs.replace(alone, aim=None).met is None


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (1, 1)])
def test_a_percentile_is_a_value_that_was_seen(percent: float, value: float):
    assert percentile(list(range(100, 0, -1)), percent) == value


async def test_ways_take_turns():
    seen: list[str] = []

    def way(name: str):
        async def once() -> str:
            seen.append(name)
            return name

        return once

    found = await in_turn(2, {name: way(name) for name in "AB"}, lambda _: None)
    assert seen == ["A", "B", "A", "B"]
    assert found == {"A": ["A", "A"], "B": ["B", "B"]}


def test_the_plot_shows_each_comparison():
    plot = drawn([result("a"), result("b", ours=0.5)])
    assert plot.count("<rect") == 2
    assert 'class="met"' in plot
    assert 'class="unmet"' in plot
    assert "prefers-color-scheme: dark" in plot
