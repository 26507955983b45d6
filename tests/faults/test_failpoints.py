"""Each service dies at each place that matters, is started again, and nothing that was accepted is lost."""

from typing import Any

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Stack
from slipway.identity import new_id
from tests.e2e.watching import fresh_domain
from tests.faults.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

EXECUTOR = (
    "worker.received", "worker.claimed", "worker.acked", "helm.starting", "helm.started", "helm.ended",
    "worker.reporting", "worker.reported",
)  # fmt: skip
SCHEDULER = (
    "dispatcher.leased", "dispatcher.published", "projector.before_commit", "projector.committed", "relay.published",
)  # fmt: skip


async def test_the_api_dies_after_the_commit(system: System):
    """Row 1: nobody is woken, and the job starts at the next poll; the same key answers what was accepted."""
    body, key = {"template_id": (await system.hello())["id"], "domain_name": fresh_domain()}, str(new_id())
    await system.rearm("api", "api.committed=kill")
    assert await system.ask(body, key) is None
    await system.dies("api")
    [row] = await system.rows("SELECT id FROM deployment WHERE domain_name = $1", body["domain_name"])
    await system.stack.start_service("api")
    answer = await system.ask(body, key)
    assert answer is not None
    assert (answer.status_code, answer.json()["id"]) == (202, str(row["id"]))
    await system.ready(answer.json())


async def test_the_api_dies_before_the_commit(system: System):
    """Row 2: nothing exists; the retry under the same key makes one row."""
    body, key = {"template_id": (await system.hello())["id"], "domain_name": fresh_domain()}, str(new_id())
    await system.rearm("api", "api.before_commit=kill")
    assert await system.ask(body, key) is None
    await system.dies("api")
    await system.stack.start_service("api")
    known = "SELECT id FROM deployment WHERE domain_name = $1"
    assert await system.rows(known, body["domain_name"]) == []
    answers = [await system.ask(body, key) for _ in range(2)]
    assert [answer and answer.status_code for answer in answers] == [202, 202]
    assert len(await system.rows(known, body["domain_name"])) == 1
    assert answers[0] is not None
    await system.ready(answers[0].json())


@pytest.mark.parametrize("failpoint", SCHEDULER)
async def test_the_only_scheduler_dies(system: System, failpoint: str):
    """Rows 3 and 4, and the projector and the relay likewise."""
    await system.without("scheduler-2")
    await system.rearm("scheduler-1", f"{failpoint}=kill")
    deployment = await system.deploy()
    await system.dies("scheduler-1")
    await system.stack.start_service("scheduler-1")
    await system.ready(deployment)
    job = await system.job(deployment)
    assert (job["lost"], job["status"]) == (0, "succeeded")


@pytest.fixture(scope="module")
async def fallen(stack: Stack, token: str) -> dict[str, dict[str, Any]]:
    """One deployment for each failpoint of an executor: the only one died there while it worked on it.

    None is given back before all have fallen, however long that takes: the next to fall would take it with it.
    """
    async with SlipwayClient(stack.api_url, token=token) as client:
        system = System(stack, client, token)
        for scheduler in ("scheduler-1", "scheduler-2"):
            await system.rearm(scheduler, SLIPWAY_SILENCE_SEC="3600")
        await system.without("executor-2")
        found: dict[str, dict[str, Any]] = {}
        for failpoint in EXECUTOR:
            await system.rearm("executor-1", f"{failpoint}=kill")
            found[failpoint] = await system.deploy()
            await system.dies("executor-1")
        await system.heal()
        return found


@pytest.mark.parametrize("failpoint", EXECUTOR)
async def test_another_executor_carries_on(system: System, fallen: dict[str, dict[str, Any]], failpoint: str):
    """Row 6: before the claim, between claim and ack, while rendering, around Helm, before and after the last report.

    Row 12 with `worker.reporting`: what was applied is read from the release, not done again.
    """
    ready = await system.ready(fallen[failpoint])
    system.accepted[ready["id"]] = 1
    [release] = await system.watcher.helm("list", "--namespace", ready["namespace_name"])
    assert release["status"] == "deployed"
    if failpoint in ("worker.reporting", "worker.reported", "helm.ended"):
        assert release["revision"] == "1", "the release was complete: it is recognised, not made again"
