"""Rows 18 and 28: the disk under NATS or PostgreSQL is full. Services stay up, say so, and go on when there is room again."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from slipway.dev.nats import start_nats, stop_nats
from slipway.dev.postgres import start_postgres
from slipway.dev.process import is_running, stop
from slipway.identity import new_id
from tests.e2e.watching import eventually, fresh_domain
from tests.faults.small_disk import skip_unless_mountable, small_disk
from tests.faults.system import SERVICES, System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


async def health(system: System, name: str) -> dict[str, str]:
    """Return what a service says of what it needs; it has to answer 200, as a probe asks."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        answer = await http.get(f"http://{system.stack.services[name].address}/health")
    assert answer.status_code == 200
    return answer.json()["dependencies"]


def pids(system: System) -> dict[str, int]:
    return {name: system.stack.services[name].pid for name in SERVICES}


async def everything_runs(system: System) -> None:
    for each in list(system.accepted):
        await system.watcher.until({"id": each, "release_name": each}, {"ready"})


async def test_nats_has_no_room(system: System, tmp_path: Path):
    """Row 18: the API accepts on, a scheduler's health names the relay; with room all of it is carried out."""
    skip_unless_mountable(tmp_path)
    stack, running = system.stack, pids(system)
    template = await system.hello()
    await system.ready(await system.deploy(template))
    assert stack.nats
    await stop_nats(stack.state, stack.nats)
    with small_disk(stack.state / "nats", spare_mib=8) as disk:
        stack.nats = await start_nats(stack.state)
        disk.fill()
        for _ in range(4):
            await system.deploy(template)

        async def told() -> bool | None:
            return (await health(system, "scheduler-1"))["relay"] == "down" or None

        await eventually(told, "a scheduler says that no event is taken")
        disk.free()
        await stop_nats(stack.state, stack.nats)  # its streams take nothing more until an operator starts it again
        stack.nats = await start_nats(stack.state)
        await everything_runs(system)
        await stop_nats(stack.state, stack.nats)
    stack.nats = await start_nats(stack.state)
    assert pids(system) == running
    assert stack.ended_services() == []


async def test_postgresql_has_no_room(system: System, tmp_path: Path):
    """Row 28: who asks is told 503, reads go on, what was answered 202 is there; with room all of it is carried out."""
    skip_unless_mountable(tmp_path)
    stack, running = system.stack, pids(system)
    template = await system.hello()
    first = await system.ready(await system.deploy(template))
    [row] = await system.rows("SELECT current_setting('data_directory') AS place")
    assert stack.postgres
    await stop(stack.state, stack.postgres.server, first=signal.SIGINT)
    with small_disk(Path(row["place"]), spare_mib=32) as disk:
        stack.postgres = await start_postgres(stack.state)
        await system.insist(template)
        disk.fill()

        async def refused() -> bool | None:
            answer = await system.ask({"template_id": template["id"], "domain_name": fresh_domain()}, str(new_id()))
            assert answer is not None
            assert answer.status_code in (202, 503), answer.text
            return answer.status_code == 503 or None

        await eventually(refused, "there is no room for one more")
        asking = [asyncio.create_task(system.insist(template)) for _ in range(3)]
        for name in SERVICES:
            await health(system, name)
        disk.free()
        if not is_running(stack.postgres.server):  # it ended itself, as it does when its log has no room
            stack.postgres = await start_postgres(stack.state)
        await asyncio.gather(*asking)
        await everything_runs(system)
        await system.change(first, user_values={"replicas": 2})
        await system.ready(first, generation=2)
        await stop(stack.state, stack.postgres.server, first=signal.SIGINT)
    stack.postgres = await start_postgres(stack.state)
    assert pids(system) == running
    assert stack.ended_services() == []
