"""Keeps what was found, and writes it as the table and the plot of docs/benchmarks.md; a rung replaces its own row only."""

from pathlib import Path

import msgspec

from bench.figures import Figure, Result, shown, spread
from bench.plot import drawn

DOCS = Path(__file__).resolve().parents[1] / "docs"
BEGIN, END = "<!-- begin of what was measured -->", "<!-- end of what was measured -->"
HEAD = (
    "| rung | what ran | Slipway: median (spread) | beside it | how many times better | aim | load average |\n"
    "|---|---|---|---|---|---|---|"
)


def keep(result: Result, docs: Path = DOCS) -> None:
    """Put a rung's result in place of the one before, in the page and in the plot."""
    kept = docs / "benchmarks" / "results.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    found = read(docs)
    found[result.rung] = result
    ordered = {rung: found[rung] for rung in sorted(found)}
    kept.write_bytes(msgspec.json.format(msgspec.json.encode(ordered)) + b"\n")
    (docs / "benchmarks" / "ratios.svg").write_text(drawn(list(ordered.values())))
    page = docs / "benchmarks.md"
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n{table(list(ordered.values()))}\n{END}{after}")


def read(docs: Path = DOCS) -> dict[str, Result]:
    """Return what was found so far, by rung."""
    kept = docs / "benchmarks" / "results.json"
    return msgspec.json.decode(kept.read_bytes(), type=dict[str, Result]) if kept.exists() else {}


def table(results: list[Result]) -> str:
    """Return one row for each rung, with a line in it for each figure."""
    return "\n".join([HEAD, *(row(result) for result in results)])


def row(result: Result) -> str:
    """Return a rung's row; its first cell is the bare letter."""
    lines = [_cells(figure) for figure in result.figures]
    columns = ["<br>".join(each) for each in zip(*lines, strict=True)]
    what = "<br>".join([result.what, *(f"*{note}*" for note in result.notes)])
    load = f"{result.load[0]:.1f} → {result.load[1]:.1f} on {result.cores} cores, {result.day}"
    return "| " + " | ".join([result.rung, what, *columns, load]) + " |"


def line(figure: Figure) -> str:
    """Return a figure in one line, for the terminal."""
    ours, theirs, ratio, aim = _cells(figure)
    beside = f"; {theirs}; {ratio} times better" if figure.beside else ""
    told = ours + beside + ("" if aim == "-" else f"; aim {aim}")
    return told.replace("**", "")


def _cells(figure: Figure) -> tuple[str, str, str, str]:
    unit = f" {figure.unit}".rstrip()
    ours = f"{figure.name}: **{spread(figure.ours)}**{unit}"
    theirs = f"{figure.beside}: {spread(figure.theirs)}{unit}" if figure.beside else "-"
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else "-"
    return ours, theirs, ratio, _aim(figure)


def _aim(figure: Figure) -> str:
    if figure.aim is None:
        return "-"
    sign = "≥" if figure.beside or figure.better == "more" else "≤"
    unit = "" if figure.beside else f" {figure.unit}".rstrip()
    return f"{sign} {shown(figure.aim)}{unit}: {'met' if figure.met else '**not met**'}"
