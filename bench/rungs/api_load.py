"""Rung e: creates and lists under load, beside the same routes on FastAPI and SQLAlchemy, on one PostgreSQL."""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import httpx
import msgspec

from bench import seeds
from bench.figures import Figure, Result, Say, in_turn, percentile
from bench.programs.http_load import Found, Request
from bench.servers import OURS, ROOT, THEIRS, program
from bench.system import System, system
from slipway.database.engine import Database
from slipway.dev.ports import free_port
from slipway.dev.process import spawn, stop, wait_ready

RUNG = "e"
LOAD = "bench.programs.http_load"
KEY = "k" * 40
OTHER = "FastAPI + SQLAlchemy"


class Size(msgspec.Struct, frozen=True, kw_only=True):
    runs: int = 5
    seconds: float = 4.0
    """Of each kind of request in a run."""
    users: int = 16
    """One connection each."""


TINY = Size(runs=1, seconds=0.5, users=2)


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two, ready to be asked."""

    url: str
    template: str
    tokens: list[str]


class Load:
    """Requests to one of the two."""

    def __init__(self, standing: System, served: Served, seconds: float) -> None:
        self._standing = standing
        self._served = served
        self._seconds = seconds
        self._sent = 0

    async def creates(self) -> Found:
        body = f'{{"template_id": "{self._served.template}", "domain_name": "load-{{n}}.example.org"}}'
        return await self._run(
            [Request(method="POST", path="/deployments", token=each, body=body) for each in self._tokens]
        )

    async def lists(self) -> Found:
        return await self._run(
            [Request(method="GET", path="/deployments?limit=50", token=each) for each in self._tokens]
        )

    @property
    def _tokens(self) -> Sequence[str]:
        return self._served.tokens

    async def _run(self, requests: list[Request]) -> Found:
        told = {
            "url": self._served.url, "connections": len(self._tokens), "requests": requests, "seconds": self._seconds,
            "first": self._sent,
        }  # fmt: skip
        raw = await program(OURS, LOAD, told, log=self._standing.state / "log" / "load.log")
        found = msgspec.convert(raw, Found)
        if found.failed:
            raise RuntimeError(f"{found.failed} of {len(found.latencies_ms)} requests were refused: {found.sample}")
        self._sent += len(found.latencies_ms)
        return found


async def measure(size: Size, say: Say) -> Result:
    async with system(("api",)) as standing, _other(standing, size.users) as other:
        ours, theirs = (
            Load(standing, await _ours(standing, size.users), size.seconds),
            Load(standing, other, size.seconds),
        )
        ways: dict[str, Callable[[], Awaitable[Found]]] = {
            "Slipway, create": ours.creates,
            f"{OTHER}, create": theirs.creates,
            "Slipway, list": ours.lists,
            f"{OTHER}, list": theirs.lists,
        }
        found = await in_turn(size.runs, ways, say)
    figures: list[Figure] = []
    for what in ("create", "list"):
        mine, other_ones = found[f"Slipway, {what}"], found[f"{OTHER}, {what}"]
        figures.append(
            Figure(
                name=what, unit="/s", ours=_rates(mine), beside=OTHER, theirs=_rates(other_ones), better="more", aim=1.0
            )
        )
        figures.append(
            Figure(name=f"{what}, p99", unit="ms", ours=_p99(mine), beside=OTHER, theirs=_p99(other_ones), aim=1.0)
        )
    return Result(
        rung=RUNG,
        what=f"one process each, {size.users} users with a connection each, {size.seconds:g} s of creates and of lists "
        f"(50 to a page), {size.runs} runs in turn; the client in another process",
        figures=figures,
        notes=["a create of Slipway's checks quota and values and writes an audit event as well"],
    )


async def _ours(standing: System, users: int) -> Served:
    database = Database.connect(standing.dsn, service="bench")
    version, people = await seeds.template(database), await seeds.accounts(database, users)
    await database.close()
    return Served(url=standing.api_url, template=str(version), tokens=[each.token for each in people])


@asynccontextmanager
async def _other(standing: System, users: int) -> AsyncGenerator[Served]:
    """Serve the FastAPI application from a database of its own on the same server."""
    dsn = (await standing.new_database("fastapi")).replace("postgresql:", "postgresql+asyncpg:", 1)
    log = standing.state / "log" / "fastapi-seeds.log"
    told = {"dsn": dsn, "key": KEY, "users": users}
    made = await program(THEIRS, "bench.others.fastapi_seeds", told, log=log)
    port = free_port()
    argv = [
        THEIRS, "-m", "uvicorn", "bench.others.fastapi_app:app", "--port", str(port), "--loop", "uvloop",
        "--http", "httptools", "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": dsn, "KEY": KEY}
    server = spawn(standing.state, "fastapi", argv, env=environment, address=f"127.0.0.1:{port}")
    try:
        async with httpx.AsyncClient(trust_env=False) as http:

            async def ready() -> bool:
                try:
                    return (await http.get(f"http://127.0.0.1:{port}/health/ready")).is_success
                except httpx.HTTPError:
                    return False

            await wait_ready(server, ready)
        yield Served(url=f"http://127.0.0.1:{port}/api/v1", template=made["template"], tokens=made["tokens"])
    finally:
        await stop(standing.state, server)


def _rates(rounds: list[Found]) -> list[float]:
    return [len(each.latencies_ms) / each.wall_sec for each in rounds]


def _p99(rounds: list[Found]) -> list[float]:
    return [percentile(each.latencies_ms, 99) for each in rounds]
