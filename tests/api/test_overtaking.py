"""The table of what is now against what is asked: what a wish does to a deployment whose job waits, runs, is held back or ends it."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from sqlalchemy import text

from slipway.database.engine import Database
from slipway.domain.jobs import RetryPolicy
from slipway.domain.outcomes import Outcome
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import Beat, BeatAnswer, Claim, HeldJob, JobPhase, Report, encode
from slipway_scheduler.claims import Claims
from slipway_scheduler.projector import Projector
from tests.api.conftest import World, refused
from tests.api.test_deployments import rows

JOB = "SELECT id, reason, status, cancel_requested FROM deployment_reconcile_job WHERE deployment_id = :d ORDER BY created_at"
ROW = "SELECT status, failure_class, hold_generation, generation, suspended FROM deployment WHERE id = :d"


class Life:
    """One deployment, with the scheduler that answers its executor."""

    def __init__(self, api: httpx.AsyncClient, world: World, database: Database, scheduler: Database) -> None:
        self.api = api
        self.world = world
        self.id = str(world.deployment)
        self._database = database
        self._claims = Claims(scheduler, committed=lambda: None)
        self._projector = Projector(scheduler, MemoryBroker(), RetryPolicy(), committed=lambda: None)

    async def do(self, statement: str) -> None:
        async with self._database.writing() as session:
            await session.execute(text(statement), {"d": self.id})

    async def jobs(self) -> list[tuple[str, str]]:
        return [(row["reason"], row["status"]) for row in await rows(self._database, JOB, d=self.id)]

    async def row(self) -> dict[str, Any]:
        [found] = await rows(self._database, ROW, d=self.id)
        return found

    async def begin(self, now: str) -> None:
        """Bring it into the state that a row of the table names."""
        if now == "in flight":
            await self.do("UPDATE deployment_reconcile_job SET status = 'leased', fence = 7 WHERE deployment_id = :d")
            await self._claims.claim(subjects.claim("local"), encode(await self._claim()))
        elif now == "suspended":
            assert (await self.ask("suspend")).status_code == 202
        elif now == "deleting":
            assert (await self.ask("delete")).status_code == 202

    async def ask(self, what: str) -> httpx.Response:
        path = f"/deployments/{self.id}"
        match what:
            case "change":
                body = {"domain_name": f"{uuid4().hex}.example.org"}
                return await self.api.patch(path, json=body, headers=self.world.as_user)
            case "delete":
                return await self.api.delete(path, headers=self.world.as_user)
            case verb:
                return await self.api.post(f"{path}/{verb}", headers=self.world.as_user)

    async def verdict(self) -> str:
        """Return what the executor of the running job is told at its next beat."""
        claim = await self._claim()
        held = HeldJob(job=claim.job, fence=7, phase=JobPhase.WATCHING)
        beat = Beat(instance="e1", cluster="local", slots=1, free=1, version="1", jobs=(held,))
        raw = await self._claims.beat(subjects.beat("local"), encode(beat))
        assert raw is not None
        return msgspec.json.decode(raw, type=BeatAnswer).jobs[0].verdict.value

    async def stopped(self, outcome: Outcome = Outcome.STOPPED) -> None:
        """Let the executor report that it stopped."""
        claim = await self._claim()
        report = Report(
            job=claim.job, fence=7, seq=1, deployment=UUID(self.id), cluster="local", generation=1, instance="e1",
            outcome=outcome,
        )  # fmt: skip
        await self._projector.apply(report, cluster="local")

    async def _claim(self) -> Claim:
        [job, *_] = await rows(self._database, JOB, d=self.id)
        return Claim(job=job["id"], fence=7, instance="e1", cluster="local")


@pytest.fixture
def life(api: httpx.AsyncClient, world: World, database: Database, scheduler_database: Database) -> Life:
    return Life(api, world, database, scheduler_database)


TABLE: list[tuple[str, str, int, list[tuple[str, str]], dict[str, Any]]] = [
    ("queued", "change", 202, [("create", "queued")], {"status": "provisioning", "generation": 2}),
    ("queued", "cancel", 202, [("create", "cancelled")],
     {"status": "error", "failure_class": "cancelled", "hold_generation": 1}),
    ("queued", "suspend", 202, [("create", "queued")], {"status": "provisioning", "suspended": True}),
    ("queued", "delete", 202, [("delete", "queued")], {"status": "deleting", "generation": 2}),
    ("in flight", "change", 202, [("create", "running"), ("update", "queued")], {"generation": 2}),
    ("in flight", "cancel", 202, [("create", "running")], {"status": "provisioning"}),
    ("in flight", "suspend", 202, [("create", "running")], {"suspended": True}),
    ("in flight", "delete", 202, [("create", "running"), ("delete", "queued")], {"status": "deleting"}),
    ("suspended", "change", 202, [("create", "queued")], {"suspended": True, "generation": 2}),
    ("suspended", "cancel", 202, [("create", "queued")], {"suspended": True, "status": "provisioning"}),
    ("suspended", "suspend", 202, [("create", "queued")], {"suspended": True}),
    ("suspended", "delete", 202, [("delete", "queued")], {"status": "deleting"}),
    ("deleting", "change", 409, [("delete", "queued")], {"status": "deleting"}),
    ("deleting", "cancel", 409, [("delete", "queued")], {"status": "deleting"}),
    ("deleting", "suspend", 409, [("delete", "queued")], {"status": "deleting", "suspended": False}),
    ("deleting", "delete", 202, [("delete", "queued")], {"status": "deleting", "generation": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("now", "asked", "status", "jobs", "row"), TABLE, ids=[f"{row[0]}-{row[1]}" for row in TABLE])
async def test_now_and_asked(
    life: Life, now: str, asked: str, status: int, jobs: list[tuple[str, str]], row: dict[str, Any]
):
    await life.begin(now)
    answer = await life.ask(asked)
    if status == 409:
        refused(answer, 409, "deleting")
    else:
        assert answer.status_code == status, answer.text
    assert await life.jobs() == jobs
    assert row.items() <= (await life.row()).items()


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [("change", "superseded"), ("cancel", "cancelled"), ("suspend", "ok"), ("delete", "superseded")],
)
async def test_what_the_running_executor_is_told(life: Life, asked: str, verdict: str):
    await life.begin("in flight")
    assert await life.verdict() == "ok"
    await life.ask(asked)
    assert await life.verdict() == verdict


@pytest.mark.parametrize("outcome", [Outcome.STOPPED, Outcome.FAILED, Outcome.HANDED_BACK])
async def test_a_cancelled_job_stays_cancelled_however_it_ended(life: Life, outcome: Outcome):
    await life.begin("in flight")
    await life.ask("cancel")
    await life.stopped(outcome)
    assert await life.jobs() == [("create", "cancelled")]
    held = {"status": "error", "failure_class": "cancelled", "hold_generation": 1}
    assert held.items() <= (await life.row()).items()


async def test_a_cancel_takes_back_the_change_that_waits_too(life: Life):
    await life.begin("in flight")
    await life.ask("change")
    await life.ask("cancel")
    await life.stopped()
    assert {status for _, status in await life.jobs()} == {"cancelled"}
    assert {"status": "error", "hold_generation": 2}.items() <= (await life.row()).items()


async def test_a_job_that_nobody_has_claimed_yet_is_cancelled_at_once(life: Life):
    await life.do("UPDATE deployment_reconcile_job SET status = 'leased', fence = 7 WHERE deployment_id = :d")
    await life.ask("cancel")
    assert await life.jobs() == [("create", "cancelled")], "its claim is answered `drop`"


async def test_resume_lets_the_stored_change_run(life: Life):
    await life.begin("suspended")
    await life.ask("change")
    assert (await life.ask("resume")).status_code == 202
    assert {"suspended": False, "generation": 2}.items() <= (await life.row()).items()


async def test_a_delete_whose_job_was_given_up_can_be_asked_again(life: Life):
    await life.begin("deleting")
    await life.do("UPDATE deployment_reconcile_job SET status = 'quarantined' WHERE deployment_id = :d")
    assert (await life.ask("delete")).status_code == 202
    assert ("delete", "queued") in await life.jobs()
