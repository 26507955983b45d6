"""Rung g: what is done all the time costs as much with a hundred times the rows, and reads no table from end to end."""

import statistics
from collections.abc import Awaitable, Callable

import asyncpg
import msgspec

from bench.figures import Figure, Result, Say, in_turn
from bench.growth import Growing, Rows, fill, whole_reads
from bench.servers import folder, new_database, postgres
from slipway.database.engine import Database

RUNG = "g"
GROWS_BY = 1.3
"""At most, with a hundred times the rows."""
DRIFT = "drift schedule"
ALL_DUE = "UPDATE deployment SET scan_after = now() - interval '1 minute'"


class Size(msgspec.Struct, frozen=True, kw_only=True):
    runs: int = 5
    repeats: int = 40
    """Of each operation in a run; their median counts."""
    few: Rows = Rows(deployments=1_000, events=10_000)
    many: Rows = Rows(deployments=100_000, events=1_000_000)


TINY = Size(runs=1, repeats=2, few=Rows(deployments=60, events=100), many=Rows(deployments=400, events=800))


async def measure(size: Size, say: Say) -> Result:
    async with folder() as state, postgres(state) as server:
        filled: dict[str, Growing] = {}
        dsns: dict[str, str] = {}
        databases: list[Database] = []
        for name, rows in (("few", size.few), ("many", size.many)):
            say(f"filling in {rows.deployments:,} deployments and {rows.events:,} events")
            dsns[name] = await new_database(server, name, migrated=True)
            await fill(dsns[name], rows)
            databases.append(Database.connect(dsns[name], service="bench"))
            filled[name] = await Growing.over(databases[-1], dsns[name], rows)
        figures = await _costs(filled, list(filled["many"].operations), size, say)
        read_whole = await _whole_reads(filled["many"])
        events_mib = await _events_mib(dsns["many"])
        for dsn in dsns.values():
            await _do(dsn, ALL_DUE)
        figures += await _costs(filled, [DRIFT], size, say, more=", all due at once")
        for database in databases:
            await database.close()
    few, many = size.few, size.many
    return Result(
        rung=RUNG,
        what=f"{many.deployments:,} deployments and {many.events:,} events beside {few.deployments:,} and {few.events:,}; "
        f"medians of {size.repeats}, {size.runs} runs in turn",
        figures=[
            *figures,
            Figure(name="events with their indexes", unit="MiB", ours=[events_mib]),
            Figure(name="hot statements that read a whole table", unit="", ours=[float(len(read_whole))], aim=0.0),
        ],
        notes=read_whole,
    )


async def _costs(filled: dict[str, Growing], names: list[str], size: Size, say: Say, more: str = "") -> list[Figure]:
    """Return what each operation takes with many rows, beside what it takes with few."""

    def all_once(growing: Growing) -> Callable[[], Awaitable[dict[str, float]]]:
        async def once() -> dict[str, float]:
            operations = growing.operations
            return {name: await _median(growing, operations[name], size.repeats) for name in names}

        return once

    found = await in_turn(size.runs, {name: all_once(growing) for name, growing in filled.items()}, say)
    return [
        Figure(
            name=name + more, unit="ms", ours=[each[name] for each in found["many"]], beside="with few rows",
            theirs=[each[name] for each in found["few"]], aim=1 / GROWS_BY,
        )
        for name in names
    ]  # fmt: skip


async def _median(growing: Growing, operation: Callable[..., Awaitable[object]], repeats: int) -> float:
    return statistics.median([await growing.run(operation) for _ in range(repeats)])


async def _whole_reads(growing: Growing) -> list[str]:
    return [
        f"{name}: {line}"
        for name, operation in growing.operations.items()
        for plan in (await growing.plans(operation)).values()
        for line in whole_reads(plan)
    ]


async def _events_mib(dsn: str) -> float:
    connection = await asyncpg.connect(dsn)
    found = await connection.fetchval("SELECT pg_total_relation_size('outbox_event') / 1048576.0")
    await connection.close()
    return float(found or 0)


async def _do(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.execute("VACUUM ANALYZE deployment")
    await connection.close()
