"""Lease, publish, claim, beat, report, project, sweep: on a real PostgreSQL, as the scheduler's own login."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from slipway.database.queries import leases
from slipway.domain.jobs import JobReason
from slipway.domain.outcomes import Outcome
from slipway_scheduler.cleaning import Cleaning
from slipway_scheduler.dispatcher import MARK_SEC
from tests.scheduler.world import World, applied
from tests.support.rows import deploy


async def test_a_job_goes_all_the_way(world: World):
    deployment = await deploy(world.superuser, world.seeded)
    command = await world.running()
    assert command.values["slipway"]["domain"] == "product-user-000001.example.org"
    assert command.chart is not None
    assert command.chart.builtin == "web-service"
    await world.report(command, outcome=Outcome.DONE, applied=applied(), timings_ms={"helm": 12.0})
    row = await world.row("deployment")
    assert (row["id"], row["status"], row["applied_generation"]) == (deployment, "ready", 1)
    assert row["scan_after"] is not None, "it is compared with the cluster from now on"
    assert (await world.row("deployment_reconcile_job"))["status"] == "succeeded"
    assert (await world.row("deployment_revision"))["digest"] == "d" * 40
    event = await world.row("outbox_event WHERE type LIKE '%ready%'", "data_json")
    assert {"request_to_lease", "lease_to_claim", "helm"} <= event["data_json"]["timings_ms"].keys()


async def test_without_executors_nothing_is_leased(world: World):
    await deploy(world.superuser, world.seeded)
    assert await world.dispatcher.run_once() == 0


async def test_a_command_says_which_credentials_pods_may_have(world: World):
    await deploy(world.superuser, world.seeded)
    for host, image_pull in (("charts.example.org", False), ("images.example.org", True)):
        await world.do(
            f"WITH made AS (INSERT INTO registry (id, host, username, image_pull) VALUES (gen_random_uuid(), '{host}', 'u',"
            f" {image_pull}) RETURNING id) INSERT INTO registry_credential (registry_id, cluster, ciphertext)"
            " SELECT id, 'local', 'sealed' FROM made"
        )
    command = await world.running()
    assert [each.name for each in command.registries] == ["charts.example.org", "images.example.org"]
    assert command.pull == ("images.example.org",)


PREVIEWED = (
    "WITH shown AS (INSERT INTO preview (id, user_id, deployment_id, generation, inputs, rendered, result_json, expires_at)"
    " SELECT gen_random_uuid(), user_id, id, 1, 'i', 'm', '{}', now() - interval '2 days' FROM deployment RETURNING id)"
    " UPDATE deployment_reconcile_job SET preview_id = shown.id FROM shown"
)


async def test_a_promise_is_kept_however_long_the_change_waited(world: World):
    await deploy(world.superuser, world.seeded, suspended=True)
    await world.do(PREVIEWED)
    assert await Cleaning(world.database).run_once() == 0, "a job that waits needs it"
    await world.do("UPDATE deployment SET suspended = false")
    assert (await world.running()).promised == "m"
    await world.do("UPDATE deployment_reconcile_job SET status = 'succeeded'")
    assert await Cleaning(world.database).run_once() == 1


async def test_a_change_whose_preview_is_gone_ends_and_says_what_helps(world: World):
    deployment = await deploy(world.superuser, world.seeded)
    await world.do(PREVIEWED)
    await world.do("DELETE FROM preview")
    await world.beat()
    await world.dispatcher.run_once()
    assert await world.pulled() == []
    row = await world.row("deployment")
    assert (row["status"], row["failure_class"], row["hold_generation"]) == ("error", "terminal", 1)
    assert "preview and change again, or reconcile" in row["last_error"]
    assert (await world.row("deployment_reconcile_job"))["status"] == "failed"
    await world.change(deployment)
    await world.dispatcher.run_once()
    assert [each.generation for each in await world.pulled()] == [2]


async def test_concurrent_leases_never_give_a_job_twice(world: World):
    for number in range(40):
        await deploy(world.superuser, world.seeded, number)

    async def take(name: str) -> list[UUID]:
        async with world.database.hot() as hot:
            return [each.job for each in await leases.lease(hot, cluster="local", count=10, dispatcher=name)]

    taken = [job for each in await asyncio.gather(*(take(f"d{n}") for n in range(8))) for job in each]
    assert len(taken) == len(set(taken)) == 40


async def test_a_suspended_deployment_waits_unless_it_is_deleted(world: World):
    deployment = await deploy(world.superuser, world.seeded, suspended=True)
    await world.beat()
    assert await world.dispatcher.run_once() == 0
    await world.change(deployment, JobReason.DELETE)
    assert await world.dispatcher.run_once() == 1


async def test_a_fence_has_one_claimant_for_ever(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    assert await world.claim(command, "e1") == "run", "asking again is the same claim"
    assert await world.claim(command, "e2") == "drop"


async def test_a_command_that_was_not_published_is_published_with_the_same_fence(world: World):
    await deploy(world.superuser, world.seeded)
    await world.beat()
    async with world.database.hot() as hot:
        [leased] = await leases.lease(hot, cluster="local", count=1, dispatcher="died")
    await world.do("UPDATE deployment_reconcile_job SET locked_at = now() - interval '3 seconds'")
    await world.dispatcher.run_once()
    [command] = await world.pulled()
    assert (command.job, command.fence) == (leased.job, leased.fence)


async def test_a_lost_publication_mark_stores_nothing_twice(world: World):
    await deploy(world.superuser, world.seeded)
    await world.beat()
    await world.dispatcher.run_once()
    await world.do("UPDATE deployment_reconcile_job SET published_at = NULL, locked_at = now() - interval '3 seconds'")
    await world.dispatcher.run_once()
    assert len(await world.pulled()) == 1


async def test_it_is_noted_which_stored_commands_nobody_has_claimed(world: World):
    for number in (1, 2):
        await deploy(world.superuser, world.seeded, number)
    await world.beat()
    await world.dispatcher.run_once()
    claimed, waiting = await world.pulled()
    assert await world.claim(claimed) == "run"
    await world.clock.advance(MARK_SEC)
    await world.dispatcher.run_once()
    noted = await world.rows("SELECT id FROM deployment_reconcile_job WHERE published_at IS NOT NULL")
    assert [row["id"] for row in noted] == [waiting.job]


async def test_a_silence_is_not_trusted_while_nothing_can_be_written(world: World):
    """Row 28: the disk of PostgreSQL was full, so that beats were not written either; then there is room again."""
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    await world.do("UPDATE job_lease SET beat_at = now() - interval '31 seconds'")
    await world.do(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
    )
    await world.do(
        "CREATE TRIGGER full_disk BEFORE UPDATE ON deployment_reconcile_job FOR EACH ROW EXECUTE FUNCTION full_disk()"
    )
    with pytest.raises(DBAPIError, match="could not extend file"):
        await world.trusted()
    await world.do("DROP TRIGGER full_disk ON deployment_reconcile_job")
    assert await world.sweep.run_once() == 0
    assert await world.beat(command) == ["ok"]
    await world.trusted()
    assert (await world.row("deployment_reconcile_job"))["lost"] == 0


async def test_an_unclaimed_lease_is_returned_uncounted_with_a_new_fence(world: World):
    await deploy(world.superuser, world.seeded)
    await world.beat()
    await world.dispatcher.run_once()
    [first] = await world.pulled()
    await world.do("UPDATE deployment_reconcile_job SET locked_at = now() - interval '31 seconds'")
    await world.trusted()
    assert (await world.row("deployment_reconcile_job"))["status"] == "queued"
    await world.dispatcher.run_once()
    [second] = await world.pulled()
    assert second.fence > first.fence
    assert await world.claim(first) == "drop"
    row = await world.row("deployment_reconcile_job")
    assert (row["attempt"], row["lost"]) == (0, 0)


async def test_a_vanished_owner_is_found_and_the_third_time_is_quarantine(world: World):
    await deploy(world.superuser, world.seeded)
    for lost in (1, 2, 3):
        await world.do("UPDATE deployment_reconcile_job SET run_after = now()")
        await world.running()
        await world.do("UPDATE job_lease SET beat_at = now() - interval '31 seconds'")
        await world.trusted()
        row = await world.row("deployment_reconcile_job")
        assert (row["lost"], row["status"]) == (lost, "delayed" if lost < 3 else "quarantined")
    assert (await world.row("outbox_event WHERE type LIKE '%quarantined%'"))["deployment_seq"] is not None


async def test_a_scheduler_that_was_cut_off_trusts_no_silence(world: World):
    await deploy(world.superuser, world.seeded)
    await world.running()
    await world.do("UPDATE job_lease SET beat_at = now() - interval '5 minutes'")
    world.broker.connected = False
    await world.trusted()
    world.broker.connected = True
    await world.sweep.run_once()
    assert (await world.row("deployment_reconcile_job"))["status"] == "running", (
        "its executor may have beaten elsewhere"
    )
    await world.clock.advance(60)
    await world.sweep.run_once()
    assert (await world.row("deployment_reconcile_job"))["status"] == "running", "the process itself stood still"


async def test_beats_answer_what_to_do(world: World):
    deployment = await deploy(world.superuser, world.seeded)
    command = await world.running()
    assert await world.beat(command) == ["ok"]
    assert await world.beat(command, instance="e2") == ["fenced"]
    await world.change(deployment)
    assert await world.beat(command) == ["superseded"]
    await world.do("UPDATE deployment_reconcile_job SET cancel_requested = true WHERE status = 'running'")
    assert await world.beat(command) == ["cancelled"]
    await world.do("UPDATE deployment_reconcile_job SET status = 'failed' WHERE status = 'running'")
    assert await world.beat(command) == ["fenced"]


async def test_a_change_while_a_job_runs_waits_and_runs_after_it(world: World):
    deployment = await deploy(world.superuser, world.seeded)
    first = await world.running()
    await world.change(deployment)
    assert await world.dispatcher.run_once() == 0, "one in flight"
    await world.report(first, outcome=Outcome.STOPPED)
    await world.dispatcher.run_once()
    [second] = await world.pulled()
    assert (second.generation, second.fence > first.fence) == (2, True)


async def test_a_higher_fence_in_the_cluster_raises_the_sequence(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    await world.report(command, outcome=Outcome.FENCE_AHEAD, stored_fence=1000)
    again = await world.running()
    assert again.fence > 1000


async def test_a_template_that_cannot_be_deployed_any_more_ends_its_job(world: World):
    await deploy(world.superuser, world.seeded)
    await world.do(
        "INSERT INTO product_template_version (id, product_id, chart_ref, chart_version)"
        " SELECT '00000000-0000-7000-8000-000000000001', id, 'oci://gone.example.org/a', '1' FROM product"
    )
    await world.do("UPDATE deployment SET desired_template_id = '00000000-0000-7000-8000-000000000001'")
    await world.beat()
    await world.dispatcher.run_once()
    assert await world.pulled() == []
    row = await world.row("deployment")
    assert (row["status"], row["failure_class"]) == ("error", "terminal")
    assert "SLIPWAY_REGISTRIES" in row["last_error"]


async def test_a_command_that_is_too_large_is_refused_and_holds_nothing_up(world: World):
    await deploy(world.superuser, world.seeded)
    await world.do("""UPDATE deployment SET user_values_json = jsonb_build_object('a', repeat('x', 9000000))""")
    await world.beat()
    await world.dispatcher.run_once()
    row = await world.row("deployment")
    assert row["status"] == "error"
    assert "larger than a message may be" in row["last_error"]
    assert (await world.row("deployment_reconcile_job"))["status"] == "failed"
    assert await world.pulled() == []


async def test_a_hundred_changes_are_one_job_and_the_last_wins(world: World):
    deployment = await deploy(world.superuser, world.seeded)
    await asyncio.gather(*(world.change(deployment) for _ in range(20)))
    await world.change(deployment, JobReason.DELETE)
    row = await world.row("deployment_reconcile_job")
    assert (row["generation"], row["reason"], row["status"]) == (22, "delete", "queued")
