"""Executors that die or stand still while Helm is at work: one writer at a time, and the successor's state wins."""

import asyncio
import json
import os
import signal
from typing import Any

import asyncpg
import pytest

from slipway.dev.process import kill_group, start_ticks
from tests.e2e.watching import eventually
from tests.faults import gates
from tests.faults.system import System, children

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
MANY = 150


async def held_in_hook(system: System, when: str) -> dict[str, Any]:
    """Return a deployment whose Helm waits in a hook, run by the only executor, `executor-1`."""
    template = await system.watcher.new_product(await gates.gated(system.stack, when))
    await system.without("executor-2")
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
    return {f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["uid"] for each in found} | {
        f"generation of {each['metadata']['name']}": str(each["metadata"].get("generation")) for each in found
    }


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
    deployment = await system.deploy(template)
    name = deployment["namespace_name"]

    async def some() -> int | None:
        shown = await system.watcher.run("kubectl", "get", "configmaps", "-n", name, "-o", "name", "--ignore-not-found")
        return shown.count("/many-") or None

    await eventually(some, "some objects are there")
    pids = children(system.stack.services["executor-1"].pid)
    kill_group(system.stack.services.pop("executor-1"))
    await gone(pids)
    assert 0 < (await some() or 0) < MANY
    await system.stack.start_service("executor-2")
    await system.ready(deployment)
    assert await some() == MANY


async def test_killed_between_the_objects_and_the_release_record(system: System):
    """Row 6: all objects are written, the record says pending still."""
    deployment = await held_in_hook(system, "post-install,post-upgrade")
    name = deployment["namespace_name"]
    assert await system.watcher.kubectl("get", "deployment", "web", "-n", name)
    kill_group(system.stack.services.pop("executor-1"))
    await gates.open_gate(system.watcher, name)
    await system.stack.start_service("executor-2")
    ready = await system.ready(deployment)
    assert ready["applied_generation"] == 1


@pytest.mark.parametrize("whole_group", [False, True], ids=["parent", "whole group"])
async def test_stopped_beyond_its_lease(system: System, whole_group: bool):
    """Rows 7, 8 and 33: Helm ends at its deadline; a new fence takes over; what wakes up later writes nothing."""
    deployment = await held_in_hook(system, "pre-install,pre-upgrade")
    name, executor = deployment["namespace_name"], system.stack.services["executor-1"].pid
    helm = children(executor)
    assert len(helm) == 2, "the guard and Helm"
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
    """Rows 7 (Helm only) and 32: longer than lease, AckWait and beat limit, and nobody else gets the job."""
    deployment = await held_in_hook(system, "pre-install,pre-upgrade")
    helm = children(system.stack.services["executor-1"].pid)[-1]
    os.kill(helm, signal.SIGSTOP)
    await system.stack.start_service("executor-2")

    async def long_enough() -> bool | None:
        statement = (
            "SELECT l.beat_at - j.claimed_at > interval '40 seconds' AS over FROM job_lease l"
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
    """Row 8: the executor stands still with a command in hand, beyond AckWait; its late claim is dropped."""
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
    assert len(await fences(system, deployment)) == 1, "the first fence was never claimed"


async def test_a_job_that_kills_every_executor_is_quarantined(system: System):
    """Row 34: three in a row. Each silence is made 31 s old in the table: that its owner is dead is certain here."""
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
