"""Rung d: Flux's own benchmark, many releases of a podinfo-like chart, through the whole of Slipway on the embedded cluster.

Flux is not run beside it: its figures on the same kind of machine and cluster are constants here, measured with 60 releases and
a concurrency of 10. This is the one rung whose ratio is not of one run.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bench import cpu
from bench.figures import Figure, Result, Say, in_turn
from bench.programs.http_load import Found, Request
from bench.servers import OURS, folder, program
from bench.system import ROOM, until
from slipway.client.http import SlipwayClient
from slipway.dev.samples import push_chart
from slipway.dev.stack import ADMIN_EMAIL, Plan, Stack, start

RUNG = "d"
CHART = Path(__file__).resolve().parents[1] / "charts" / "podinfo"
LOAD = "bench.programs.http_load"
EXECUTOR = "executor-1"
SCHEMA = {"type": "object", "properties": {"user": {"type": "object", "properties": {"message": {"type": "string"}}}}}
ALL_SETTLED = "SELECT count(*) = $1 FROM deployment WHERE applied_generation = generation AND status = 'ready'"


class Flux(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds for one release: of wall time with ten at once, and of the controller's CPU."""

    install: tuple[float, float]
    upgrade: tuple[float, float]


FLUX = {
    "Flux at its defaults": Flux(install=(520, 194), upgrade=(485, 322)),
    "Flux, neither waiting nor validating": Flux(install=(119, 52), upgrade=(161, 72)),
}


class Size(msgspec.Struct, frozen=True, kw_only=True):
    runs: int = 5
    releases: int = 100
    connections: int = 8


TINY = Size(runs=1, releases=3, connections=2)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """Of one release."""

    wall_ms: float
    executor_cpu_ms: float
    """With the engines that it started."""
    services_cpu_ms: float
    """Of API and scheduler."""


class Releases:
    def __init__(self, stack: Stack, connection: asyncpg.Connection, token: str, size: Size) -> None:
        self._stack = stack
        self._connection = connection
        self._token = token
        self._size = size
        self._serial = 0

    async def install(self, template: dict[str, Any]) -> Round:
        body = f'{{"template_id": "{template["id"]}", "domain_name": "release-{{n}}.example.org"}}'
        request = Request(method="POST", path="/deployments", token=self._token, body=body)
        return await self._settled([request] * self._size.releases)

    async def upgrade(self) -> Round:
        """Give each release another message: its pod is replaced."""
        self._serial += 1
        body = f'{{"user_values": {{"message": "hello {self._serial}"}}}}'
        rows = await self._connection.fetch("SELECT id FROM deployment")
        return await self._settled(
            [Request(method="PATCH", path=f"/deployments/{row['id']}", token=self._token, body=body) for row in rows]
        )

    async def _settled(self, requests: Sequence[Request]) -> Round:
        """Send all requests, and wait until every deployment is ready."""
        executor, services = self._cpu()
        began = time.monotonic()
        url = f"{self._stack.api_url}/api/v1"
        told = {"url": url, "connections": self._size.connections, "requests": requests}
        raw = await program(OURS, LOAD, told, log=self._stack.state / "log" / "load.log")
        found = msgspec.convert(raw, Found)
        if found.failed:
            raise RuntimeError(f"{found.failed} requests were refused: {found.sample}")
        await until(60 + 5 * self._size.releases, ALL_SETTLED, self._connection, self._size.releases, pause=0.1)
        took = time.monotonic() - began
        after, services_after = self._cpu()
        count = self._size.releases
        return Round(
            wall_ms=took * 1000 / count, executor_cpu_ms=(after - executor) * 1000 / count,
            services_cpu_ms=(services_after - services) * 1000 / count,
        )  # fmt: skip

    def _cpu(self) -> tuple[float, float]:
        used = {name: cpu.used_by(server.pid) for name, server in self._stack.services.items()}
        return used[EXECUTOR], sum(used.values()) - used[EXECUTOR]


async def measure(size: Size, say: Say) -> Result:
    async with folder() as state:
        stack = await start(Plan(state=state, extra={**ROOM, "SLIPWAY_WRITES_PER_SECOND": "100000"}), say)
        try:
            async with SlipwayClient(stack.api_url) as client:
                token = await client.login(ADMIN_EMAIL, stack.admin_password)
                template = await _published(stack, client)
            connection = await asyncpg.connect(stack.database_url)
            releases = Releases(stack, connection, token, size)
            say(f"installing {size.releases} releases")
            installed = await releases.install(template)
            rounds = (await in_turn(size.runs, {"upgrading all": releases.upgrade}, say))["upgrading all"]
            await connection.close()
        finally:
            await stack.down()
    return Result(
        rung=RUNG,
        what=f"{size.releases:,} releases of a podinfo-like chart by one executor at its defaults, installed once and upgraded "
        f"{size.runs} times; each until its objects are ready",
        figures=_figures(installed, rounds),
        notes=["Flux's figures are from another run on the same kind of machine: 60 releases, ten at a time"],
    )


async def _published(stack: Stack, client: SlipwayClient) -> dict[str, Any]:
    reference, version, digest = await push_chart(stack, CHART)
    product = await client.post("/products", {"name": "Podinfo", "description": "What Flux's benchmark installs."})
    body = {
        "chart_ref": reference, "chart_version": version, "chart_digest": digest, "version_label": version,
        "values_schema_json": SCHEMA,
    }  # fmt: skip
    return await client.post(f"/products/{product['id']}/templates", body)


def _figures(installed: Round, rounds: list[Round]) -> list[Figure]:
    rates, cpus = [1000 / each.wall_ms for each in rounds], [each.executor_cpu_ms for each in rounds]
    aims = {"Flux at its defaults": (3.0, 10.0), "Flux, neither waiting nor validating": (1.0, 1.0)}
    figures: list[Figure] = []
    for name, flux in FLUX.items():
        faster, cheaper = aims[name]
        wall, busy = flux.upgrade
        figures.append(
            Figure(name="upgrades", unit="/s", ours=rates, beside=name, theirs=[1000 / wall], better="more", aim=faster)
        )
        figures.append(
            Figure(name="executor's CPU of an upgrade", unit="ms", ours=cpus, beside=name, theirs=[busy], aim=cheaper)
        )
    name = "Flux at its defaults"
    wall, busy = FLUX[name].install
    rate, cpu_ms = [1000 / installed.wall_ms], [installed.executor_cpu_ms]
    rest = [each.services_cpu_ms for each in rounds]
    return [
        *figures,
        Figure(name="installs", unit="/s", ours=rate, beside=name, theirs=[1000 / wall], better="more"),
        Figure(name="executor's CPU of an install", unit="ms", ours=cpu_ms, beside=name, theirs=[busy]),
        Figure(name="API's and scheduler's CPU of an upgrade", unit="ms", ours=rest),
    ]
