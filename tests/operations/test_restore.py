"""Rows 23 and 59: PostgreSQL is restored from a backup, beside a NATS, executors and a cluster that are newer, or that are lost."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from slipway.cli.tail import Completeness
from slipway.dev import remembered
from slipway.dev.stack import DATABASE, Stack, _base_environment
from slipway.domain.events import CloudEvent
from slipway.messaging import subjects
from slipway.messaging.jetstream import JetStreamBroker
from tests.e2e.watching import eventually, fresh_domain
from tests.faults.system import System
from tests.operations.documented import OWNER, Operator, blocks

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
LEAP = 1_000_000
PENDING = {"docker_image_url": "registry.example.org/slipway-test/stays-pending:1", "health_timeout_sec": 3600}


async def run(*argv: str | Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *map(str, argv), env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def back_up(stack: Stack, folder: Path) -> None:
    """As docs/operations.md says."""
    assert stack.postgres
    operator, (make_login, dump) = Operator(folder, stack.postgres), blocks("Backup")
    server = await asyncpg.connect(stack.postgres.dsn())
    if not await server.fetchval(
        "SELECT 1 FROM pg_roles WHERE rolname = $1", OWNER
    ):  # another test of this stack's was first
        await server.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD 'of-{OWNER}'")
        await operator.types(make_login)
    await server.close()
    await operator.types(dump)


async def restore(stack: Stack, folder: Path) -> None:
    assert stack.postgres
    operator = Operator(folder, stack.postgres)
    await operator.types(f'psql "$SUPERUSER_DATABASE_URL" --command="DROP DATABASE {DATABASE} WITH (FORCE)"')
    await operator.types(blocks("Restore")[0])


async def admin(stack: Stack, command: str) -> tuple[int, str]:
    """Run `slipway admin ...` with what a scheduler is told."""
    env = {**_base_environment(), **stack._settings("scheduler")}
    return await run(Path(sys.executable).parent / "slipway", "admin", command, env=env)


async def asked(stack: Stack, service: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        return await http.get(f"http://127.0.0.1:{remembered.port(stack.state, service)}{path}")


async def stream(stack: Stack) -> list[CloudEvent]:
    """Return the whole event stream."""
    broker = JetStreamBroker(stack.nats_url, name="test", ca=stack.nats_ca)
    await broker.wait_connected()
    last = (await broker.last_message(subjects.EVENTS_STREAM)).sequence
    found: list[CloudEvent] = []
    async for delivery in broker.read_stream(subjects.EVENTS_STREAM, start_sequence=1):
        found.append(msgspec.json.decode(delivery.data, type=CloudEvent))
        if delivery.sequence >= last:
            break
    await broker.close()
    return found


async def feed_is_whole(system: System) -> None:
    """The stream has no gap, and ends with what the table has in the epoch of now."""

    async def look() -> bool | None:
        rows = await system.rows(
            "SELECT event_id::text AS id FROM outbox_event WHERE epoch = (SELECT epoch FROM installation) ORDER BY pos"
        )
        unnumbered = await system.rows("SELECT FROM outbox_event WHERE pos IS NULL")
        wanted = [row["id"] for row in rows]
        published = [event.id for event in await stream(system.stack)]
        return (bool(wanted) and not unnumbered and published[-len(wanted) :] == wanted) or None

    await eventually(look, "the stream ends with the table's events")
    completeness = Completeness()
    assert not [gap for event in await stream(system.stack) if (gap := completeness.gap(event))]


async def test_a_restore_beside_newer_stores(system: System, tmp_path: Path):
    stack, watcher = system.stack, system.watcher
    kept, doomed = await system.ready(await system.deploy()), await system.ready(await system.deploy())
    in_flight = await system.deploy(await watcher.new_product(PENDING))
    before = await watched(system, in_flight)
    await back_up(stack, tmp_path)
    [live] = await system.rows("SELECT count(*) AS number FROM deployment WHERE deleted_at IS NULL")
    lost = await system.ready(await system.deploy())
    await system.ready(await system.change(kept, domain_name=fresh_domain()), 2)
    await system.client.delete(f"/deployments/{doomed['id']}")
    await watcher.until(doomed, {"deleted"})
    await system.change(in_flight, domain_name=fresh_domain())
    await watched(system, in_flight, beyond=before)

    await restore(stack, tmp_path)

    await eventually(lambda: is_ahead(stack), "the relay says that it stands still")
    numbered = await system.rows("SELECT pos FROM feed")
    await system.client.post(f"/deployments/{kept['id']}/reconcile")  # users go on; their events wait for their numbers
    await looked_again(stack)
    assert await system.rows("SELECT pos FROM feed") == numbered

    code, output = await admin(stack, "restored")

    assert code == 0, output
    assert f"epoch 2 (was 1); {live['number']} deployments are compared" in output
    assert f"{lost['namespace_name']} (made for deployment {lost['id']})" in output
    assert kept["namespace_name"] not in output
    assert lost["namespace_name"] in await watcher.namespaces(), "nothing is deleted"
    await eventually(lambda: is_ready(stack), "the scheduler is ready again")
    for each in (kept, doomed):
        await system.ready(each)
        assert (await watcher.helm("list", "--namespace", each["namespace_name"]))[0]["status"] == "deployed"
    assert await live_domain(system, kept) == kept["domain_name"]
    assert await watched(system, in_flight, beyond=LEAP) > LEAP, "the executor's newer attempt has given way"
    told = [event for event in await stream(stack) if event.type.endswith("installation.restored.v1")]
    assert [(event.slipwayepoch, event.data["previous_epoch"]) for event in told] == [(2, 1)]
    assert told[0].data["actor"]["via"] == "slipway admin"
    await feed_is_whole(system)


async def test_a_restore_with_nats_lost(system: System, tmp_path: Path):
    stack = system.stack
    kept = await system.ready(await system.deploy())
    await back_up(stack, tmp_path)
    lost = await system.ready(await system.deploy())
    services = list(stack.services)
    await system.without(*services)
    await restore(stack, tmp_path)
    await stack.restart_nats(wipe=True)

    code, output = await admin(stack, "restored")

    assert code == 1
    assert "cluster local: no executor answers" in output
    for name in sorted(services, reverse=True):  # a scheduler first: it makes the streams
        await stack.start_service(name)
    code, output = await admin(stack, "orphans")
    assert code == 0, output
    assert lost["namespace_name"] in output
    await system.ready(kept)
    [installation] = await system.rows("SELECT epoch FROM installation")
    events = await stream(stack)
    assert {event.slipwayepoch for event in events} == set(range(1, installation["epoch"] + 1)), (
        "history is published anew"
    )
    await feed_is_whole(system)


async def is_ahead(stack: Stack) -> bool | None:
    """The scheduler is not ready, names the relay, and its metric says so."""
    answer = await asked(stack, "scheduler-1", "/health/ready")
    if answer.json()["dependencies"]["relay"] != "down":
        return None
    assert answer.status_code == 503
    return "slipway_relay_ahead 1.0" in (await asked(stack, "scheduler-1", "/metrics")).text or None


async def looked_again(stack: Stack) -> None:
    """Wait until the relay has made two more passes: one of them began after now."""
    line = 'slipway_loop_passes_total{loop="relay",result="failed"} '

    async def passes() -> float:
        text = (await asked(stack, "scheduler-1", "/metrics")).text
        return float(text.partition(line)[2].split()[0])

    before = await passes()

    async def look() -> bool | None:
        return await passes() >= before + 2 or None

    await eventually(look, "the relay has looked again")


async def is_ready(stack: Stack) -> bool | None:
    return (await asked(stack, "scheduler-1", "/health/ready")).status_code == 200 or None


async def watched(system: System, deployment: dict[str, Any], *, beyond: int = 0) -> int:
    """Wait until an executor watches the deployment under a fence beyond this one; return the fence of its Lease."""

    async def look() -> int | None:
        rows = await system.rows(
            "SELECT j.fence FROM deployment_reconcile_job j JOIN job_lease l ON l.job_id = j.id AND l.fence = j.fence"
            " WHERE j.deployment_id = $1::text::uuid AND j.status = 'running' AND l.phase = 'watching'",
            deployment["id"],
        )
        return rows[0]["fence"] if rows and rows[0]["fence"] > beyond else None

    fence = await eventually(look, f"{deployment['release_name']} is watched")
    lease = await system.watcher.kubectl("get", "lease", f"dep-{deployment['id']}", "--namespace=slipway-system")
    assert lease["metadata"]["annotations"]["slipway.dev/fence"] == str(fence)
    return fence


async def live_domain(system: System, deployment: dict[str, Any]) -> str:
    """Return the domain that the release in the cluster was given."""
    namespace = f"--namespace={deployment['namespace_name']}"
    values = await system.watcher.helm("get", "values", deployment["release_name"], namespace)
    return values["slipway"]["domain"]
