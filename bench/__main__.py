"""`make bench`: runs rungs one after another and puts each one's row into docs/benchmarks.md. `--help` tells the options."""

import argparse
import asyncio
import datetime as dt
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from bench import results
from bench.figures import Result, Say, load
from bench.rungs import api_load, at_rest, growth, helm_engine, live_feed, many_releases, queue_core, whole_path

RUNGS: Mapping[str, Any] = {
    "a": queue_core, "b": whole_path, "c": helm_engine, "d": many_releases, "e": api_load, "f": live_feed, "g": growth,
    "h": at_rest,
}  # fmt: skip
LONGEST_SEC = 1800.0
"""Of a rung: one that hangs does not keep the others from their turn."""


def sizes(rung: str, *, tiny: bool = False, **given: int | None) -> Any:
    """Return the size of a rung, with what was given instead of its usual numbers where it has such a one."""
    module = RUNGS[rung]
    size = module.TINY if tiny else module.Size()
    known = {field.name for field in msgspec.structs.fields(size)}
    return msgspec.structs.replace(size, **{name: value for name, value in given.items() if value and name in known})


async def run(rung: str, size: Any, *, docs: Path = results.DOCS, say: Say = print) -> Result:
    """Measure one rung, tell how it goes, and keep what it found."""
    began, before = time.monotonic(), load()

    def progress(line: str) -> None:
        say(f"[{rung}, {time.monotonic() - began:4.0f} s] {line}")

    progress(RUNGS[rung].__doc__.strip().splitlines()[0])
    found: Result = await RUNGS[rung].measure(size, progress)
    day = dt.datetime.now(tz=dt.UTC).date().isoformat()
    found = msgspec.structs.replace(found, cores=os.cpu_count() or 0, load=(before, load()), day=day)
    results.keep(found, docs)
    for figure in found.figures:
        progress(results.line(figure))
    return found


async def _all(rungs: list[str], given: dict[str, int | None], *, tiny: bool) -> None:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - this is one
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # servers are stopped then, too
    failed: list[str] = []
    for rung in rungs:
        try:
            async with asyncio.timeout(LONGEST_SEC):
                await run(rung, sizes(rung, tiny=tiny, **given))
        except Exception as error:  # noqa: BLE001 - the other rungs are still worth their time
            print(f"[{rung}] failed: {type(error).__name__} {error}")
            failed.append(rung)
    if failed:
        raise SystemExit(f"these rungs failed, and their rows are as they were: {', '.join(failed)}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--rung", choices=list(RUNGS), action="append", help="only this one; may be given several times"
    )
    parser.add_argument("--runs", type=int, help="how often each system takes its turn; usually 5")
    parser.add_argument("--releases", type=int, help="of rungs c and d; Flux's benchmark has 1,000 for d")
    parser.add_argument("--jobs", type=int, help="of rung a")
    parser.add_argument("--tiny", action="store_true", help="as small as it goes: to see that it runs")
    asked = parser.parse_args()
    given = {"runs": asked.runs, "releases": asked.releases, "jobs": asked.jobs}
    asyncio.run(_all(asked.rung or list(RUNGS), given, tiny=asked.tiny))


if __name__ == "__main__":
    main()
