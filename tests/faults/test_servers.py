"""PostgreSQL and NATS go away, lose data, or break connections: the API never answers 500, and nothing accepted is lost."""

import asyncio
import os
import shutil
import signal
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import nats
import pytest

from slipway.dev.nats import start_nats, stop_nats
from slipway.dev.postgres import start_postgres
from slipway.dev.process import memory_mib, stop
from slipway.dev.stack import Stack
from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.broker import StreamMissing
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.topology import PROJECTOR
from tests.e2e import charts
from tests.e2e.watching import eventually
from tests.faults.system import QUICKLY, System
from tests.support.golden import OLDEST

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
GROWTH_MIB = 20.0


async def all_ready(system: System) -> None:
    for each in list(system.accepted):
        await system.watcher.until({"id": each, "release_name": each}, {"ready"})


async def test_nats_comes_back_with_its_data(system: System):
    """Row 13: under load."""
    for _ in range(3):
        await system.deploy()
    await system.stack.restart_nats(wipe=False)
    for _ in range(3):
        await system.deploy()
    await all_ready(system)


@pytest.mark.parametrize("stream", [subjects.JOBS_STREAM, subjects.REPORTS_STREAM, subjects.EVENTS_STREAM])
async def test_a_stream_is_deleted_live(system: System, stream: str):
    """Row 15."""
    await system.deploy()
    broker = JetStreamBroker(system.stack.nats_url, name="test", ca=system.stack.nats_ca)
    await broker.wait_connected()
    await broker.delete_stream(stream)
    await broker.close()
    for _ in range(3):
        await system.deploy()
    await all_ready(system)


@pytest.mark.parametrize(
    ("stream", "consumer"),
    [(subjects.JOBS_STREAM, subjects.jobs_consumer("local")), (subjects.REPORTS_STREAM, PROJECTOR)],
)
async def test_a_consumer_is_deleted_live(system: System, stream: str, consumer: str):
    """Row 15."""
    await system.deploy()
    trusted = ssl.create_default_context(cafile=system.stack.nats_ca)
    client = await nats.connect(system.stack.nats_url, tls=trusted)
    await client.jetstream().delete_consumer(stream, consumer)
    await client.close()
    for _ in range(3):
        await system.deploy()
    await all_ready(system)


async def test_the_api_accepts_without_nats(system: System):
    """Row 16: under load. Nothing is leased, memory stays flat, and the newest of all that was asked runs afterwards."""
    stack = system.stack
    some = [await system.deploy() for _ in range(6)]
    await all_ready(system)
    assert stack.nats
    await stop_nats(stack.state, stack.nats)

    async def changed(deployment: dict[str, Any]) -> None:
        for number in range(25):
            await system.change(deployment, user_values={"replicas": 1 + number % 3})

    async def leased() -> list[Any]:
        unfinished = "SELECT count(*) FROM deployment_reconcile_job WHERE status IN ('leased', 'running')"
        return [*await system.rows(unfinished), *await system.rows("SELECT last_value FROM job_fence")]

    before, memory = await leased(), []
    for _ in range(2):  # the first wave fills pools and caches
        await asyncio.gather(*(changed(each) for each in some))
        memory.append([memory_mib(server.pid) for server in stack.services.values()])
    assert await leased() == before == [{"count": 0}, before[1]]
    grown = [after - was for was, after in zip(*memory, strict=True)]
    assert max(grown) < GROWTH_MIB, grown
    stack.nats = await start_nats(stack.state)
    for each in some:
        await system.ready(each, generation=system.accepted[each["id"]])


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
async def test_postgresql_is_restarted_under_load(system: System, how: signal.Signals):
    """Row 20: what was answered 202 is there after a crash as well; clients meet 503, never 500."""
    template = await system.hello()
    asking = [asyncio.create_task(system.insist(template)) for _ in range(8)]
    await asking[0]
    await down(system.stack, how)
    await up(system.stack)
    await asyncio.gather(*asking)
    await all_ready(system)


async def test_postgresql_is_away_for_a_while(system: System):
    """Row 22: for three times as long as an owner may be silent, rather than for minutes.

    Nothing is accepted meanwhile, and the job that is under way stays with whom it was.
    """
    template = await system.hello()
    lasting = await system.watcher.new_product(await charts.app(system.stack, health_timeout_sec=600))
    watched = await system.deploy(lasting, user_values={"image": "registry.example.org/slipway-test/stays-pending:1"})

    async def watching() -> Mapping[str, Any] | None:
        job = await system.job(watched)
        beats = await system.rows("SELECT phase FROM job_lease WHERE job_id = $1", job["id"])
        return job if [each["phase"] for each in beats] == ["watching"] else None

    before = await eventually(watching, "the job has applied its objects and watches them")
    await down(system.stack, signal.SIGINT)
    asking = [asyncio.create_task(system.insist(template)) for _ in range(3)]
    until, refused = time.monotonic() + 3 * float(QUICKLY["SLIPWAY_SILENCE_SEC"]), 0
    while time.monotonic() < until or not refused:
        answer = await system.ask({"template_id": template["id"], "domain_name": "nowhere.example.org"}, "away")
        assert answer is None or answer.status_code == 503, answer.text
        refused += answer is not None
        await asyncio.sleep(0.2)
    await up(system.stack)
    for each in await asyncio.gather(*asking):
        await system.ready(each)
    assert await system.rows("SELECT 1 FROM deployment WHERE domain_name = 'nowhere.example.org'") == []
    after = await system.job(watched)
    same = ("id", "fence", "locked_by", "lost", "status")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    await system.change(watched, user_values={})
    await system.ready(watched, generation=2)


async def test_connections_are_ended_again_and_again(system: System):
    """Row 21: five times a second, while ten changes are accepted and carried out, rather than for a minute.

    No connection listens: wake-ups come over NATS, and may be lost.
    """
    template, done = await system.hello(), asyncio.Event()

    async def end_them() -> int:
        database, count = await asyncpg.connect(system.stack.database_url), 0
        try:
            while not done.is_set():
                count += await database.fetchval(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename LIKE 'slipway_%_login'"
                )
                await asyncio.sleep(0.2)
        finally:
            await database.close()
        return count

    ending = asyncio.create_task(end_them())
    try:
        for _ in range(10):
            await system.insist(template)
        await all_accepted_have_begun(system)
    finally:
        done.set()
    assert await ending > 20
    await all_ready(system)


async def all_accepted_have_begun(system: System) -> None:
    async def look() -> bool | None:
        rows = await system.rows("SELECT claimed_at FROM deployment_reconcile_job WHERE status <> 'superseded'")
        return all(row["claimed_at"] for row in rows) or None

    await eventually(look, "each was claimed by an executor")


async def test_nonsense_on_every_subject(system: System):
    """Row 35: it ends where it is met, and no service dies of it."""
    broker = JetStreamBroker(system.stack.nats_url, name="test", ca=system.stack.nats_ca)
    await broker.wait_connected()
    pids = {name: server.pid for name, server in system.stack.services.items()}
    for number, data in enumerate((b"", b"{", b"\x00\xff", b"[]", b'{"job": 1}', b"x" * 500_000)):
        await broker.publish(subjects.jobs("local"), data, message_id=f"poison:{number}")
        await broker.publish(f"slipway.report.v1.local.{number}", data, message_id=f"poison:{number}")
        for subject in (subjects.WAKE, subjects.control("local"), subjects.claim("local"), subjects.beat("local"),
                        subjects.keep("local"), subjects.kept("local"), subjects.query("local", "drift")):  # fmt: skip
            await broker.send(subject, data)
    await broker.close()
    await system.ready(await system.deploy())
    assert {name: server.pid for name, server in system.stack.services.items()} == pids
    assert system.stack.ended_services() == []


async def test_messages_of_other_kinds_and_of_a_higher_version(system: System):
    """Row 58: well-formed, but not known here. Nobody hears what a version 2 says, and no service dies of an unknown kind."""
    broker = JetStreamBroker(system.stack.nats_url, name="test", ca=system.stack.nats_ca)
    await broker.wait_connected()
    pids = {name: server.pid for name, server in system.stack.services.items()}
    for number, (name, (_, message)) in enumerate(OLDEST.items()):
        data = msgspec.json.encode({**message, **dict.fromkeys(KINDS & message.keys(), "of-a-later-release")})
        for version in ("v1", "v2"):
            for subject in (f"slipway.jobs.{version}.local", f"slipway.report.{version}.local.{new_id()}"):
                await told_or_nobody_there(broker, subject, data, f"{name}:{number}:{version}:{subject}")
            for subject in (subjects.claim("local"), subjects.beat("local"), subjects.control("local")):
                await broker.send(subject.replace(".v1.", f".{version}."), data)
    await broker.close()
    await system.ready(await system.deploy())
    assert {name: server.pid for name, server in system.stack.services.items()} == pids
    assert system.stack.ended_services() == []


KINDS = {"action", "outcome", "verdict", "reason"}
"""Fields whose words a later release may add to."""


async def told_or_nobody_there(broker: JetStreamBroker, subject: str, data: bytes, message_id: str) -> None:
    """Publish; what no stream of this version takes is told to the publisher, and so is not lost without a word."""
    try:
        await broker.publish(subject, data, message_id=message_id)
    except StreamMissing:
        assert ".v2." in subject
    else:
        assert ".v1." in subject


async def test_a_scheduler_that_stands_still_is_cut_off_and_comes_back(system: System):
    """Row 17: NATS keeps 64 MiB for a client that does not read, and then ends its connection."""
    assert system.stack.nats
    await system.without("scheduler-2")
    broker = JetStreamBroker(system.stack.nats_url, name="test", ca=system.stack.nats_ca)
    await broker.wait_connected()
    log = Path(system.stack.nats.server.log)
    before = log.read_text().count(CUT_OFF)
    scheduler = system.stack.services["scheduler-1"].pid
    os.kill(scheduler, signal.SIGSTOP)

    async def cut_off() -> bool | None:
        for _ in range(20):
            await broker.send(subjects.WAKE, bytes(500_000))
        return log.read_text().count(CUT_OFF) > before or None

    try:
        await eventually(cut_off, "NATS ends the connection of the slow one")
    finally:
        os.kill(scheduler, signal.SIGCONT)
    await broker.close()
    await system.ready(await system.deploy())
    assert system.stack.services["scheduler-1"].pid == scheduler
    assert system.stack.ended_services() == []


CUT_OFF = "Slow Consumer Detected"
"""NATS's word for it."""


async def test_services_are_asked_to_stop_under_load(system: System):
    """Row 57: each ends in time, and none loses a job."""
    template = await system.hello()
    for name in ("executor-1", "scheduler-1", "api", "executor-2", "scheduler-2"):
        asking = [asyncio.create_task(system.insist(template)) for _ in range(4)]
        await asking[0]
        pid = system.stack.services[name].pid
        os.kill(pid, signal.SIGTERM)
        await system.dies(name)
        await system.stack.start_service(name)
        await asyncio.gather(*asking)
    await all_ready(system)
    ids = list(system.accepted)
    jobs = await system.rows(
        "SELECT status, lost, attempt FROM deployment_reconcile_job WHERE deployment_id = ANY($1::text[]::uuid[])", ids
    )
    assert {(job["status"], job["lost"], job["attempt"]) for job in jobs} == {("succeeded", 0, 0)}


async def test_an_older_nats_beside_a_newer_postgresql(system: System):
    """Row 59: old commands and reports are there again; the relay goes on from where the restored stream ends."""
    stack = system.stack
    await system.ready(await system.deploy())
    assert stack.nats
    data, kept = stack.state / "nats", stack.state / "nats-kept"
    await stop_nats(stack.state, stack.nats)
    shutil.copytree(data, kept)
    stack.nats = await start_nats(stack.state)
    for _ in range(3):
        await system.ready(await system.deploy())
    await stop_nats(stack.state, stack.nats)
    shutil.rmtree(data)
    kept.rename(data)
    stack.nats = await start_nats(stack.state)
    await system.ready(await system.deploy())


async def down(stack: Stack, how: signal.Signals) -> None:
    """Stop PostgreSQL: SIGINT ends transactions, SIGQUIT ends the server at once, as a crash does."""
    assert stack.postgres
    await stop(stack.state, stack.postgres.server, first=how)


async def up(stack: Stack) -> None:
    stack.postgres = await start_postgres(stack.state)
