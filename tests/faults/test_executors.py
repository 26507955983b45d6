"""Executors that die or stand still while Helm is at work: one writer at a time, and the successor's state wins."""

import asyncio
import json
import os
import signal
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import nats
import pytest
from nats.js import JetStreamContext

from slipway.dev.process import kill_group, start_ticks
from slipway.messaging import subjects
from tests.e2e.watching import eventually
from tests.faults import gates
from tests.faults.system import System, children

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
MANY = 150
ENGINE: dict[str, str] = {}
PROCESS = {"SLIPWAY_HELM_ENGINE": "off"}
SLOWLY = {"SLIPWAY_HELM_REQUESTS_PER_SECOND": "20"}
BEFORE, AFTER = "pre-install,pre-upgrade", "post-install,post-upgrade"


async def held_in_hook(system: System, when: str, way: dict[str, str] = ENGINE) -> dict[str, Any]:
    """Return a deployment whose Helm waits in a hook, run by the only executor, `executor-1`, which runs nothing else."""
    template = await system.watcher.new_product(await gates.gated(system.stack, when))
    await system.without("executor-2")
    await system.rearm("executor-1", **way)
    deployment = await system.deploy(template)
    name = deployment["namespace_name"]

    async def waiting() -> bool | None:
        jobs = await system.watcher.kubectl("get", "jobs", "--all-namespaces")
        gate = any(each["metadata"]["namespace"] == name for each in jobs["items"])
        return (gate and bool(await system.watcher.helm("list", "--namespace", name, "--pending"))) or None

    await eventually(waiting, "Helm waits in its hook")
    return deployment


async def written(system: System, namespace: str) -> dict[str, str]:
    """Return the version of everything that a release writes."""
    kinds = "secrets,configmaps,deployments.apps,jobs.batch"
    found = json.loads(await system.watcher.run("kubectl", "get", kinds, "-n", namespace, "-o", "json"))["items"]
    return {f"{each['kind']}/{each['metadata']['name']}": _version(each) for each in found}


def _version(item: dict[str, Any]) -> str:
    """Return what a write changes. Controllers write the status of workloads, and only the generation is Helm's there."""
    meta = item["metadata"]
    return f"{meta['uid']} {meta.get('generation') or meta['resourceVersion']}"


async def many(system: System, namespace: str) -> int:
    """Return how many of the many objects are there."""
    shown = await system.watcher.run(
        "kubectl", "get", "configmaps", "-n", namespace, "-o", "name", "--ignore-not-found"
    )
    return shown.count("/many-")


async def two_beat(system: System) -> None:
    """Wait until both executors have beaten just now: what they held and may not hold any more is over then."""

    async def both() -> bool | None:
        [row] = await system.rows("SELECT count(*) FROM executor WHERE seen_at > now() - interval '3 seconds'")
        return row["count"] >= 2 or None

    await eventually(both, "both executors beat", 60)


async def fences(system: System, deployment: dict[str, Any]) -> list[str]:
    statement = (
        "SELECT data_json ->> 'fence' AS fence FROM outbox_event WHERE deployment_id = $1::text::uuid"
        " AND type = 'dev.slipway.deployment.started.v1' ORDER BY id"
    )
    return [row["fence"] for row in await system.rows(statement, deployment["id"])]


async def test_killed_after_some_of_many_objects(system: System):
    """Row 6: after k of N objects."""
    template = await system.watcher.new_product(await gates.many(system.stack, MANY))
    await system.without("executor-2")
    await system.rearm("executor-1", **SLOWLY)
    deployment = await system.deploy(template)
    name = deployment["namespace_name"]

    async def some() -> int | None:
        return await many(system, name) or None

    await eventually(some, "some objects are there")
    pids = children(system.stack.services["executor-1"].pid)
    kill_group(system.stack.services.pop("executor-1"))
    await gone(pids)
    assert 0 < (await some() or 0) < MANY
    await system.stack.start_service("executor-2")
    await system.ready(deployment)
    assert await some() == MANY


@pytest.mark.parametrize("when", [BEFORE, AFTER])
async def test_killed_while_the_record_says_pending(system: System, when: str):
    """Row 6: before the first object is written, and after all of them."""
    deployment = await held_in_hook(system, when)
    name = deployment["namespace_name"]
    shown = await system.watcher.run("kubectl", "get", "deployments", "-n", name, "-o", "name")
    assert shown.split() == ([] if when == BEFORE else ["deployment.apps/web"])
    kill_group(system.stack.services.pop("executor-1"))
    await gates.open_gate(system.watcher, name)
    await system.stack.start_service("executor-2")
    ready = await system.ready(deployment)
    assert ready["applied_generation"] == 1
    [release] = await system.watcher.helm("list", "--namespace", name)
    assert release["status"] == "deployed"


@pytest.mark.parametrize("when", [BEFORE, AFTER])
async def test_the_engine_alone_is_killed(system: System, when: str):
    """Row 6: its executor lives, and tries again from what the release's record says."""
    deployment = await held_in_hook(system, when)
    [engine] = children(system.stack.services["executor-1"].pid)
    os.kill(engine, signal.SIGKILL)
    await gates.open_gate(system.watcher, deployment["namespace_name"])
    ready = await system.ready(deployment)
    assert ready["applied_generation"] == 1
    [release] = await system.watcher.helm("list", "--namespace", deployment["namespace_name"])
    assert release["status"] == "deployed"


async def test_the_engine_alone_is_killed_after_some_of_many_objects(system: System):
    """Row 6: after k of N objects ; nothing is missing in the end."""
    template = await system.watcher.new_product(await gates.many(system.stack, MANY))
    await system.without("executor-2")
    await system.rearm("executor-1", **SLOWLY)
    deployment = await system.deploy(template)
    name = deployment["namespace_name"]

    async def some() -> int | None:
        return await many(system, name) or None

    await eventually(some, "some objects are there")
    [engine] = children(system.stack.services["executor-1"].pid)
    os.kill(engine, signal.SIGKILL)
    assert 0 < (await many(system, name)) < MANY
    await system.ready(deployment)
    assert await many(system, name) == MANY


@pytest.mark.parametrize("way", [ENGINE, PROCESS], ids=["engine", "process"])
@pytest.mark.parametrize("whole_group", [False, True], ids=["parent", "whole group"])
async def test_stopped_beyond_its_lease(system: System, whole_group: bool, way: dict[str, str]):
    """Rows 7, 8 and 33: Helm ends at its deadline; a new fence takes over; what wakes up later writes nothing."""
    deployment = await held_in_hook(system, BEFORE, way)
    name, executor = deployment["namespace_name"], system.stack.services["executor-1"].pid
    helm = children(executor)
    assert len(helm) == (1 if way is ENGINE else 2), "the engine, or the guard and Helm"
    for pid in [executor, *(helm if whole_group else ())]:
        os.kill(pid, signal.SIGSTOP)
    if not whole_group:
        await gone(helm)
    await system.stack.start_service("executor-2")
    await gates.open_gate(system.watcher, name)
    await system.ready(deployment)
    before = await written(system, name)
    if whole_group:
        os.killpg(helm[0], signal.SIGCONT)
    os.kill(executor, signal.SIGCONT)
    await gone(helm)
    await two_beat(system)
    assert await written(system, name) == before
    began = await fences(system, deployment)
    assert len(began) == 2
    [secret] = (await system.watcher.kubectl("get", "secrets", "-n", name, "-l", "owner=helm,status=deployed"))["items"]
    assert secret["metadata"]["labels"]["slipway-fence"] == began[1]


async def test_helm_alone_stands_still_while_its_executor_beats(system: System):
    """Rows 7 and 32: Helm only, longer than lease, AckWait and beat limit, and nobody else gets the job."""
    await short_ack_wait(system)
    deployment = await held_in_hook(system, BEFORE)
    helm = children(system.stack.services["executor-1"].pid)[-1]
    os.kill(helm, signal.SIGSTOP)
    await system.stack.start_service("executor-2")

    async def long_enough() -> bool | None:
        statement = (
            "SELECT l.beat_at - j.claimed_at > interval '20 seconds' AS over FROM job_lease l"
            " JOIN deployment_reconcile_job j ON j.id = l.job_id WHERE j.deployment_id = $1::text::uuid"
        )
        [row] = await system.rows(statement, deployment["id"])
        return row["over"] or None

    await eventually(long_enough, "it has beaten for longer than every limit")
    os.kill(helm, signal.SIGCONT)
    await gates.open_gate(system.watcher, deployment["namespace_name"])
    await system.ready(deployment)
    assert len(await fences(system, deployment)) == 1


async def test_a_command_that_is_claimed_too_late_runs_nowhere(system: System):
    """Row 8: the executor stands still with a command in hand, beyond AckWait; another has it, and the late claim is dropped."""
    await short_ack_wait(system)
    await system.without("executor-2")
    await system.rearm("executor-1", "worker.received=stop")
    deployment = await system.deploy()
    stopped = await system.stops("executor-1")
    await system.stack.start_service("executor-2")
    await system.ready(deployment)
    before = await written(system, deployment["namespace_name"])
    os.kill(stopped, signal.SIGCONT)
    await two_beat(system)
    assert await written(system, deployment["namespace_name"]) == before
    assert len(await fences(system, deployment)) == 1, "each fence has one claimant"


async def test_a_job_that_kills_every_executor_is_quarantined(system: System):
    """Row 34: three in a row. Each silence is made long enough in the table: that its owner is dead is certain here."""
    await system.without("executor-2")
    template = await system.hello()
    deployment: dict[str, Any] = {}
    for lost in (1, 2, 3):
        await system.rearm("executor-1", "worker.acked=kill")
        deployment = deployment or await system.deploy(template)
        await system.dies("executor-1")
        await given_back(system, deployment, lost)
    job = await system.job(deployment)
    assert job["status"] == "quarantined"
    shown = await system.client.get(f"/deployments/{deployment['id']}")
    assert (shown["status"], shown["failure_class"]) == ("error", "needs_person")
    await system.heal()
    await system.client.post(f"/jobs/{job['id']}/requeue")
    await system.ready(deployment)


async def test_an_error_inside_one_job_leaves_the_pool_full(system: System):
    """Row H18: the only slot of the only executor is free again, and the job is tried again."""
    await system.without("executor-2")
    await system.restart("executor-1", {"SLIPWAY_SLOTS": "1", "SLIPWAY_FAILPOINTS": "helm.ended=error"})
    deployment = await system.deploy()
    told = await system.watcher.failure(deployment)
    assert (told["code"], told["will_retry"]) == ("executor_error", True)
    await system.ready(await system.deploy())
    await system.ready(deployment)


async def short_ack_wait(system: System) -> None:
    """Have a command that is not acknowledged delivered again after 5 s rather than 30, until the consumer is made anew."""
    async with jetstream(system) as js:
        name = subjects.jobs_consumer("local")
        found = (await js.consumer_info(subjects.JOBS_STREAM, name)).config
        await js.add_consumer(subjects.JOBS_STREAM, found.evolve(ack_wait=5.0))


@asynccontextmanager
async def jetstream(system: System) -> AsyncGenerator[JetStreamContext]:
    trusted = ssl.create_default_context(cafile=system.stack.nats_ca)
    client = await nats.connect(system.stack.nats_url, tls=trusted)
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def given_back(system: System, deployment: dict[str, Any], lost: int) -> None:
    """Let the silence of the dead owner be long enough, and wait until the job was taken from it."""
    database = await asyncpg.connect(system.stack.database_url)
    try:
        await database.execute("UPDATE job_lease SET beat_at = now() - interval '31 seconds'")
    finally:
        await database.close()

    async def returned() -> bool | None:
        return (await system.job(deployment))["lost"] == lost or None

    await eventually(returned, "the job was given back")


async def gone(pids: list[int]) -> None:
    async def look() -> bool | None:
        await asyncio.sleep(0)
        return not any(start_ticks(pid) for pid in pids) or None

    await eventually(look, "Helm and its guard have ended", 40)
