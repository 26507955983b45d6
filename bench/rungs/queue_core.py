"""Rung a: jobs without work on PostgreSQL alone, put in, leased and finished, beside procrastinate and pgqueuer."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from bench.figures import Figure, Result, Say, in_turn
from bench.servers import OURS, THEIRS, folder, new_database, postgres, program

RUNG = "a"
NAMES = {"slipway": OURS, "pgqueuer": THEIRS, "procrastinate": THEIRS}
MODULES = {
    "slipway": "bench.programs.slipway_queue",
    "pgqueuer": "bench.others.pgqueuer_queue",
    "procrastinate": "bench.others.procrastinate_queue",
}


class Size(msgspec.Struct, frozen=True, kw_only=True):
    runs: int = 5
    jobs: int = 2_000
    batch: int = 100
    """How many are put in by one call."""


TINY = Size(runs=1, jobs=40, batch=20)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What a program found: seconds in which all jobs were put in, and in which all were worked off."""

    enqueue_sec: float
    work_sec: float


async def measure(size: Size, say: Say) -> Result:
    async with folder() as state, postgres(state) as server:
        dsns = {name: await new_database(server, name, migrated=name == "slipway") for name in NAMES}

        def way(name: str, python: Path) -> Callable[[], Awaitable[Round]]:
            told = {"dsn": dsns[name], "jobs": size.jobs, "batch": size.batch}

            async def once() -> Round:
                return msgspec.convert(await program(python, MODULES[name], told, log=state / f"{name}.log"), Round)

            return once

        found = await in_turn(size.runs, {name: way(name, python) for name, python in NAMES.items()}, say)
    whole = {
        name: [size.jobs / (each.enqueue_sec + each.work_sec) for each in rounds] for name, rounds in found.items()
    }
    work = {name: [size.jobs / each.work_sec for each in rounds] for name, rounds in found.items()}
    return Result(
        rung=RUNG,
        what=f"{size.jobs:,} jobs without work, put in by {size.batch}, one process each, {size.runs} runs in turn; "
        "a job counts when its end is committed",
        figures=[
            _figure("jobs in, leased and finished", whole, "pgqueuer", 1.0),
            _figure("jobs in, leased and finished", whole, "procrastinate", 10.0),
            _figure("of it leased and finished", work, "pgqueuer", None),
            _figure("of it leased and finished", work, "procrastinate", None),
        ],
        notes=["a job of Slipway's writes two audit events, a claim, a revision and a report as well"],
    )


def _figure(name: str, rates: dict[str, list[float]], beside: str, aim: float | None) -> Figure:
    return Figure(
        name=name, unit="jobs/s", ours=rates["slipway"], beside=beside, theirs=rates[beside], better="more", aim=aim
    )
