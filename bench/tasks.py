"""What creating a task takes inside of the API, over a durable PostgreSQL and as the API's own login, with 10,000 tasks there.

`python -m bench.tasks [--times 500] [--rounds 5]` prints the median of each round in milliseconds, wall time and CPU of the API.
"""

import argparse
import asyncio
import secrets
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec

from slipway.database import logins
from slipway.database.engine import Database
from slipway.database.migrations import upgrade
from slipway.database.queries import users
from slipway.dev.postgres import Postgres, start_postgres, stop_postgres
from slipway_api.app import create_app, make_deps
from slipway_api.settings import ApiSettings

TASKS = 10_000
KEY = secrets.token_hex(32)
SETTINGS = ApiSettings(
    database_url="postgresql://unused",
    jwt_secret_key=KEY,
    writes_per_second=100_000,
)


class Timed:
    """An application, and how long each of its requests took, from the first byte read to the last one sent."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.wall_ms: list[float] = []
        self.cpu_ms: list[float] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        wall, cpu = time.perf_counter(), time.thread_time()
        await self._app(scope, receive, send)
        self.wall_ms.append((time.perf_counter() - wall) * 1000)
        self.cpu_ms.append((time.thread_time() - cpu) * 1000)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    wall_ms: float
    worst_of_20_ms: float
    """Of 20 requests 19 are quicker."""
    cpu_ms: float


async def prepare(dsn: str, database: Database) -> UUID:
    """Migrate, make the API's login and a user with 10,000 tasks."""
    await asyncio.to_thread(upgrade, dsn)
    owner = await asyncpg.connect(dsn)
    await logins.ensure(owner, "api", KEY, login="bench_api")
    async with database.writing() as session:
        user = await users.add(session, email="bench@example.org", is_admin=False)
    await owner.execute(
        "INSERT INTO tasks (id, user_id, title)"
        " SELECT gen_random_uuid(), $1, 't' || n FROM generate_series(1, $2::int) n",
        user.id, TASKS,
    )  # fmt: skip
    await owner.execute("VACUUM ANALYZE tasks")
    await owner.close()
    return user.id


async def measure(postgres: Postgres, *, times: int, rounds: int) -> list[Round]:
    owner = Database.connect(postgres.dsn(), service="bench")
    user = await prepare(postgres.dsn(), owner)
    database = Database.connect(postgres.dsn(user="bench_api", password=KEY), service="api")
    deps = make_deps(SETTINGS, database, None)
    app = Timed(create_app(deps))
    headers = {"Authorization": f"Bearer {deps.tokens.issue(user)}"}
    found: list[Round] = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench/api/v1") as client:
        for _ in range(rounds + 1):  # the first one warms up
            app.wall_ms.clear()
            app.cpu_ms.clear()
            for number in range(times):
                made = await client.post("/tasks", json={"title": f"task {number}"}, headers=headers)
                made.raise_for_status()
            found.append(
                Round(
                    wall_ms=statistics.median(app.wall_ms),
                    worst_of_20_ms=statistics.quantiles(app.wall_ms, n=20)[-1],
                    cpu_ms=statistics.median(app.cpu_ms),
                )
            )
    await database.close()
    await owner.close()
    return found[1:]


async def run(*, times: int, rounds: int) -> None:
    state = Path(tempfile.mkdtemp(prefix="slipway-bench-"))
    state.chmod(0o755)
    postgres = await start_postgres(state)
    try:
        for each in await measure(postgres, times=times, rounds=rounds):
            print(f"{each.wall_ms:.2f} ms (19 of 20 under {each.worst_of_20_ms:.2f}), CPU {each.cpu_ms:.2f} ms")
    finally:
        await stop_postgres(state, postgres)
        shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    asyncio.run(run(**vars(parser.parse_args())))
