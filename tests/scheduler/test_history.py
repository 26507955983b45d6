"""Jobs that are over leave the queue, and people find them where they were."""

from uuid import UUID

from slipway.database.queries import jobs
from slipway.database.queries.pages import Cursor
from slipway.domain.outcomes import Outcome
from slipway_scheduler.cleaning import Cleaning
from tests.scheduler.world import World, applied
from tests.support.rows import deploy

LONG_AGO = "UPDATE deployment_reconcile_job SET finished_at = '2024-02-29 23:59:59+00' WHERE status = '{}'"


async def ended(world: World, number: int = 1) -> None:
    await deploy(world.superuser, world.seeded, number)
    await world.report(await world.running(), outcome=Outcome.DONE, applied=applied())


async def statuses(world: World, table: str) -> list[str]:
    return sorted(row["status"] for row in await world.rows(f"SELECT status FROM {table}"))


async def test_a_job_that_is_over_moves_to_the_month_in_which_it_ended(world: World):
    await ended(world)
    before = await world.row("deployment_reconcile_job")
    await Cleaning(world.database).run_once()
    assert await statuses(world, "job_history") == [], "people look at what has just ended"
    await world.do(LONG_AGO.format("succeeded"))
    assert await Cleaning(world.database).run_once() == 1
    assert await statuses(world, "deployment_reconcile_job") == []
    after = await world.row("job_history_2024_02")
    kept = {"id", "deployment_id", "created_at", "queued_at", "fence", "generation", "detail_json", "claimed_at"}
    assert {name: before[name] for name in kept} == {name: after[name] for name in kept}
    assert await world.rows("SELECT * FROM job_lease") == []


async def test_what_waits_runs_or_may_be_queued_again_stays(world: World):
    for number, status in enumerate(("queued", "delayed", "quarantined", "failed", "cancelled", "superseded")):
        await deploy(world.superuser, world.seeded, number)
        await world.do(
            f"UPDATE deployment_reconcile_job SET status = '{status}', finished_at = now() - interval '1 day'"
            f" WHERE deployment_id = (SELECT id FROM deployment WHERE release_name LIKE '%{number}')"
        )
    assert await Cleaning(world.database).run_once() == 1
    assert await statuses(world, "job_history") == ["superseded"]
    await world.do(LONG_AGO.format("failed"))
    await world.do(LONG_AGO.format("cancelled"))
    assert await Cleaning(world.database).run_once() == 2
    assert await statuses(world, "deployment_reconcile_job") == ["delayed", "quarantined", "queued"]


async def test_what_is_quarantined_goes_with_its_deployment(world: World):
    await deploy(world.superuser, world.seeded)
    await world.do("UPDATE deployment_reconcile_job SET status = 'quarantined', finished_at = now() - interval '1 day'")
    assert await Cleaning(world.database).run_once() == 0, "a person may put it back"
    await world.do("UPDATE deployment SET status = 'deleted', deleted_at = now()")
    assert await Cleaning(world.database).run_once() == 1
    assert await statuses(world, "job_history") == ["quarantined"]


async def test_pages_go_on_from_the_queue_into_the_history(world: World):
    for number in range(4):
        await ended(world, number)
        if number == 1:
            await world.do(LONG_AGO.format("succeeded"))
            await Cleaning(world.database).run_once()
    found: list[UUID] = []
    cursor = None
    async with world.superuser.reading() as session:
        every = [row.id for row in await jobs.page(session, cursor=None, limit=10)]
        while True:
            rows = await jobs.page(session, cursor=cursor, limit=1, status="succeeded")
            found += [row.id for row in rows[:1]]
            if len(rows) == 1:
                break
            cursor = Cursor(rows[0].created_at, rows[0].id)
        oldest = await jobs.get(session, every[-1])
        assert oldest is not None
        of_one = await jobs.page(session, cursor=None, limit=10, deployment=oldest.deployment_id)
    assert len(every) == 4
    assert found == every
    assert [row.id for row in of_one] == [every[-1]]


async def test_a_late_report_of_a_job_in_the_history_is_ignored(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    await world.report(command, outcome=Outcome.DONE, applied=applied())
    await world.do(LONG_AGO.format("succeeded"))
    await Cleaning(world.database).run_once()
    await world.report(command, seq=2, outcome=Outcome.PROGRESS, applied=applied())
    assert [row["note"] for row in await world.rows("SELECT note FROM report_record ORDER BY seq")] == [
        None,
        "no such job",
    ]
