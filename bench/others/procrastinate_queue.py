"""procrastinate with psycopg and its pool, jobs deferred in batches, one worker that runs many at once, under uvloop."""

import json
import logging
import sys
import time

import uvloop
from procrastinate import App, PsycopgConnector

CONCURRENCY, POOL = 20, 20


async def run(dsn: str, jobs: int, batch: int) -> dict[str, float]:
    app = App(connector=PsycopgConnector(conninfo=dsn, min_size=POOL, max_size=POOL))

    @app.task(name="nothing")
    async def nothing() -> None:
        pass

    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        start = time.monotonic()
        for first in range(0, jobs, batch):
            await nothing.batch_defer_async(*({} for _ in range(min(batch, jobs - first))))
        queued = time.monotonic()
        await app.run_worker_async(
            concurrency=CONCURRENCY, wait=False, listen_notify=False, install_signal_handlers=False
        )
        ended = time.monotonic()
        left = await app.connector.execute_query_one_async(
            "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE status <> 'succeeded'"
        )
    if left["jobs"]:
        raise RuntimeError(f"{left['jobs']} jobs are left")
    return {"enqueue_sec": queued - start, "work_sec": ended - queued}


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    told = json.loads(sys.stdin.readline())
    print(json.dumps(uvloop.run(run(told["dsn"], told["jobs"], told["batch"]))))
