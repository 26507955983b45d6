"""An endurance run: `python -m bench.soak MINUTES` sends half of what the machine can do, and watches what grows.

It reads memory of each service, rows that wait, and sizes of tables, and prints a line of each reading, the medians of the second
and of the last quarter, and what has grown between them that should stay. The first quarter is for getting warm. With `--cluster`
Helm's engines and a Kubernetes API server are at work, and the mean of the engines' memory is read too.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import msgspec

from bench import cpu
from bench.changes import Changes
from bench.figures import Say, load
from bench.servers import folder
from bench.system import MODULES, ROOM, System, system
from slipway.dev.stack import Plan, start

FINDING_RUNS = 3
GROWS_BY_MIB = 8.0
"""Between the second and the last quarter: more is taken for growth."""
WAITING_MOST = 2.0
"""Times the jobs of one second that may wait at the end."""

_LOOK = """
    SELECT (SELECT count(*) FROM deployment_reconcile_job j
            WHERE j.status IN ('queued', 'delayed', 'leased', 'running')) AS unfinished,
        pg_total_relation_size('deployment_reconcile_job') / 1048576.0 AS jobs_mib,
        pg_total_relation_size('job_lease') / 1048576.0 AS leases_mib,
        pg_total_relation_size('outbox_event') / 1048576.0 AS events_mib,
        pg_database_size(current_database()) / 1048576.0 AS database_mib
"""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    minutes: float
    users: int = 50
    each: int = 20
    connections: int = 8
    reading_sec: float = 15.0


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    at_sec: float
    jobs: int
    """Asked for so far."""
    values: dict[str, float]


class Soak:
    def __init__(self, running: System, connection: asyncpg.Connection, size: Size, say: Say) -> None:
        self._running = running
        self._connection = connection
        self._size = size
        self._say = say
        self._changes = Changes(running, connection, connections=size.connections)
        self._executor = next(name for name in running.services if name.startswith("executor"))
        self.rate = 0.0
        """Jobs a second that are sent: half of what was found."""

    async def prepare(self) -> None:
        """Make the deployments, and find out how many jobs a second are possible."""
        await self._changes.create(users=self._size.users, each=self._size.each)
        found = [await self._changes.all() for _ in range(FINDING_RUNS)]
        self.rate = statistics.median(found) / 2
        self._say(f"at most {statistics.median(found):.0f} jobs a second here: sending {self.rate:.0f}")

    async def run(self) -> list[Reading]:
        """Send changes at that pace until the time is over; return what was read meanwhile."""
        sending = asyncio.create_task(self._changes.at_pace(self.rate, self._size.minutes * 60))
        readings: list[Reading] = []
        began = time.monotonic()
        while not sending.done():
            await asyncio.wait({sending}, timeout=self._size.reading_sec)
            readings.append(await self.read(began))
            self._say(_line(readings[-1]))
        await sending
        return readings

    async def read(self, began: float) -> Reading:
        """Read what may grow."""
        row = await self._connection.fetchrow(_LOOK)
        assert row is not None  # noqa: S101 - it is one row always
        services = self._running.services
        memory = {f"{name} MiB": cpu.resident_mib(server.pid) for name, server in services.items()}
        memory["an engine MiB"] = statistics.mean(cpu.children_mib(services[self._executor].pid) or [0.0])
        kept = {name: float(value) for name, value in row.items()}
        return Reading(at_sec=time.monotonic() - began, jobs=self._changes.sent, values={**memory, **kept})


def verdict(readings: list[Reading], rate: float) -> list[str]:
    """Return what has grown that should not: memory of a service, or the queue; nothing when all is well."""
    second, last = _quarter(readings, 1), _quarter(readings, 3)
    grown = [
        f"{name} grew from {second[name]:.1f} to {last[name]:.1f}"
        for name in second
        if name.endswith(" MiB") and last[name] - second[name] > GROWS_BY_MIB
    ]
    if last["unfinished"] > max(rate * WAITING_MOST, 20):
        grown.append(f"{last['unfinished']:.0f} jobs wait: more come than are done")
    return grown


def _quarter(readings: list[Reading], number: int) -> Mapping[str, float]:
    size = max(1, len(readings) // 4)
    chosen = readings[number * size : (number + 1) * size] or readings[-1:]
    return {name: statistics.median(each.values[name] for each in chosen) for name in chosen[0].values}


def _line(reading: Reading) -> str:
    values = ", ".join(f"{name} {value:.1f}" for name, value in reading.values.items())
    return f"{reading.at_sec:5.0f} s, {reading.jobs} jobs: {values}"


@asynccontextmanager
async def with_cluster(say: Say) -> AsyncGenerator[System]:
    """Start all that the trial has."""
    async with folder() as state:
        stack = await start(Plan(state=state, extra={**ROOM, "SLIPWAY_WRITES_PER_SECOND": "1000000"}), say)
        assert stack.postgres is not None  # noqa: S101 - the plan names no other
        try:
            yield System(
                state=state, postgres=stack.postgres, dsn=stack.database_url, api_url=f"{stack.api_url}/api/v1",
                nats=stack.nats, services=stack.services,
            )  # fmt: skip
        finally:
            await stack.down()


async def soak(ground: AbstractAsyncContextManager[System], size: Size, say: Say) -> list[str]:
    """Run, and return what has grown."""
    async with ground as running:
        connection = await asyncpg.connect(running.dsn)
        endurance = Soak(running, connection, size, say)
        await endurance.prepare()
        rest = await endurance.read(0.0)
        readings = await endurance.run()
        await asyncio.sleep(size.reading_sec)
        after = await endurance.read(0.0)
        await connection.close()
    for name, values in (
        ("before it", rest.values),
        ("second quarter", _quarter(readings, 1)),
        ("last quarter", _quarter(readings, 3)),
        ("after it", after.values),
    ):
        say(f"{name}: " + ", ".join(f"{key} {value:.1f}" for key, value in values.items()))
    say(f"{readings[-1].jobs} jobs in {size.minutes:g} minutes; load average {load():.1f}")
    return verdict(readings, endurance.rate)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="An endurance run.")
    parser.add_argument("minutes", type=float)
    parser.add_argument("--cluster", action="store_true", help="Helm installs into a Kubernetes API server")
    asked = parser.parse_args()
    if asked.cluster:
        ground, size = with_cluster(print), Size(minutes=asked.minutes, users=10, each=4)
    else:
        ground, size = system(tuple(MODULES)), Size(minutes=asked.minutes)
    grown = asyncio.run(soak(ground, size, print))
    if grown:
        raise SystemExit("; ".join(grown))
    print("nothing has grown that should not")


if __name__ == "__main__":
    main()
