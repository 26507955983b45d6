"""What a rung found: figures of several runs as medians with their spread, beside another system's, against an aim."""

import os
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, TypeVar

import msgspec

Found = TypeVar("Found")
Say = Callable[[str], None]
Load = tuple[float, float]
"""Load average of the last minute before and after."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One value for each run."""

    name: str
    unit: str
    ours: list[float]
    beside: str = ""
    """What it is compared with; empty: with nothing."""
    theirs: list[float] = []
    better: Literal["more", "less"] = "less"
    aim: float | None = None
    """Of the ratio where there is something beside, else of the value itself. None: told, not judged."""

    @property
    def ratio(self) -> float | None:
        """How many times better ours is than theirs; None without a comparison."""
        if not self.beside:
            return None
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        return ours / theirs if self.better == "more" else theirs / ours

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None without one."""
        if self.aim is None:
            return None
        if (ratio := self.ratio) is not None:
            return ratio >= self.aim
        value = statistics.median(self.ours)
        return value >= self.aim if self.better == "more" else value <= self.aim


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one rung found."""

    rung: str
    what: str
    """What ran, how often, how much."""
    figures: list[Figure]
    notes: list[str] = []
    cores: int = 0
    load: Load = (0.0, 0.0)
    day: str = ""


async def in_turn(runs: int, ways: Mapping[str, Callable[[], Awaitable[Found]]], say: Say) -> dict[str, list[Found]]:
    """Run each way once, then each once again, and so on: what disturbs the machine disturbs all of them."""
    found: dict[str, list[Found]] = {name: [] for name in ways}
    for run in range(runs):
        for name, way in ways.items():
            say(f"run {run + 1} of {runs}: {name}")
            found[name].append(await way())
    return found


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(percent * 10) // 1000) - 1)]


def spread(values: Sequence[float]) -> str:
    """Return the median with the least and the greatest."""
    middle = shown(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({shown(min(values))} to {shown(max(values))})"


def shown(value: float) -> str:
    """Return a number with three digits that say something."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def load() -> float:
    return os.getloadavg()[0]
