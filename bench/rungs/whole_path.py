"""Rung b: from the HTTP request to the terminal event in PostgreSQL, over NATS and an executor whose Helm does nothing."""

import asyncio

import asyncpg
import msgspec

from bench import cpu
from bench.changes import Changes
from bench.figures import Figure, Result, Say, in_turn, percentile
from bench.system import MODULES, System, system

RUNG = "b"
AFTER_SEC = 10.0
"""Of rest, before memory after the load is read."""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    runs: int = 5
    users: int = 50
    each: int = 20
    """Deployments of a user: what the quota gives."""
    connections: int = 16
    singly: int = 60
    """Jobs one at a time in a run, for the time that one takes."""
    after_sec: float = AFTER_SEC


TINY = Size(runs=1, users=2, each=3, connections=2, singly=2, after_sec=0.0)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    per_sec: float
    singly_ms: list[float]


async def measure(size: Size, say: Say) -> Result:
    async with system(tuple(MODULES)) as running:
        connection = await asyncpg.connect(running.dsn)
        changes = Changes(running, connection, connections=size.connections)
        say(f"asking for {size.users * size.each} deployments")
        await changes.create(users=size.users, each=size.each)

        async def once() -> Round:
            return Round(per_sec=await changes.all(), singly_ms=await changes.singly(size.singly))

        rounds = (await in_turn(size.runs, {"changing all, then one at a time": once}, say))[
            "changing all, then one at a time"
        ]
        await connection.close()
        await asyncio.sleep(size.after_sec)
        memory = _memory(running)
    return Result(
        rung=RUNG,
        what=f"{size.users * size.each:,} changes by {size.connections} connections, then {size.singly} one at a time; "
        f"API, scheduler, executor, NATS, PostgreSQL and the client on this machine, {size.runs} runs",
        figures=[
            Figure(name="jobs ended", unit="/s", ours=[each.per_sec for each in rounds], better="more", aim=300.0),
            Figure(
                name="a single job, p50", unit="ms", ours=[percentile(each.singly_ms, 50) for each in rounds], aim=40.0
            ),
            Figure(
                name="a single job, p99", unit="ms", ours=[percentile(each.singly_ms, 99) for each in rounds], aim=200.0
            ),
            *memory,
        ],
    )


def _memory(running: System) -> list[Figure]:
    """Return what each service had at most under this load, and what it has after it."""
    found: list[Figure] = []
    for name, server in running.services.items():
        found.append(Figure(name=f"{name}, memory at most", unit="MiB", ours=[cpu.peak_mib(server.pid)]))
        found.append(Figure(name=f"{name}, memory after it", unit="MiB", ours=[cpu.resident_mib(server.pid)]))
    return found
