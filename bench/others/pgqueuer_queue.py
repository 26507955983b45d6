"""pgqueuer as its own benchmark runs it: asyncpg, uvloop, five consumers; the batch raised, as its guide says for short jobs."""

import asyncio
import json
import sys
import time
from datetime import timedelta

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode

CONSUMERS, BATCH = 5, 50


async def run(dsn: str, jobs: int, batch: int) -> dict[str, float]:
    connections = [await asyncpg.connect(dsn) for _ in range(CONSUMERS + 1)]
    queries = Queries(AsyncpgDriver(connections[-1]))
    if not await connections[-1].fetchval("SELECT to_regclass('pgqueuer')"):
        await queries.install()
    consumers = [PgQueuer(AsyncpgDriver(each)) for each in connections[:-1]]
    worked = 0

    for consumer in consumers:

        @consumer.entrypoint("nothing")
        async def nothing(job: Job) -> None:  # noqa: ARG001
            nonlocal worked
            worked += 1

    start = time.monotonic()
    for first in range(0, jobs, batch):
        count = min(batch, jobs - first)
        await queries.enqueue(["nothing"] * count, [b"{}"] * count, [0] * count)
    queued = time.monotonic()
    await asyncio.gather(
        *(
            each.qm.run(batch_size=BATCH, mode=QueueExecutionMode.drain, dequeue_timeout=timedelta(seconds=1))
            for each in consumers
        )
    )
    ended = time.monotonic()
    left = await connections[-1].fetchval("SELECT count(*) FROM pgqueuer")
    if worked != jobs or left:
        raise RuntimeError(f"{worked} of {jobs} jobs were worked off, {left} are left")
    for each in connections:
        await each.close()
    return {"enqueue_sec": queued - start, "work_sec": ended - queued}


if __name__ == "__main__":
    told = json.loads(sys.stdin.readline())
    print(json.dumps(uvloop.run(run(told["dsn"], told["jobs"], told["batch"]))))
