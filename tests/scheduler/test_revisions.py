"""The stored revisions follow Helm's own: what a rollback and the drift check go by."""

from typing import Any

from slipway.domain.outcomes import Outcome
from slipway.messaging.messages import Applied
from tests.scheduler.world import World
from tests.support.rows import deploy


def applied(generation: int, revision: int, digest: str) -> Applied:
    return Applied(generation=generation, revision=revision, digest=digest * 40, app_status="deployed", newest=revision)


async def revisions(world: World) -> list[dict[str, Any]]:
    row = await world.row("deployment_revision", "jsonb_agg(to_jsonb(deployment_revision) ORDER BY revision) AS every")
    return row["every"]


async def test_a_release_that_was_removed_by_hand_counts_from_one_again(world: World):
    """Row 43, after the second revision."""
    deployment = await deploy(world.superuser, world.seeded)
    await world.report(await world.running(), outcome=Outcome.DONE, applied=applied(1, 1, "a"))
    await world.do('UPDATE deployment SET user_values_json = \'{"greeting": "two"}\'')
    await world.change(deployment)
    await world.report(await world.running(), outcome=Outcome.DONE, applied=applied(2, 2, "b"))
    assert [each["revision"] for each in await revisions(world)] == [1, 2]
    await world.change(deployment)
    await world.report(await world.running(), outcome=Outcome.DONE, applied=applied(3, 1, "b"))
    [only] = await revisions(world)
    assert (only["revision"], only["generation"], only["digest"]) == (1, 3, "b" * 40)
    assert only["user_values_json"] == {"greeting": "two"}, "those that run, not those of the first revision 1"


async def test_an_older_serving_revision_beside_a_failed_one_keeps_both(world: World):
    deployment = await deploy(world.superuser, world.seeded)
    await world.report(await world.running(), outcome=Outcome.DONE, applied=applied(1, 1, "a"))
    await world.change(deployment)
    serving = Applied(generation=1, revision=1, digest="a" * 40, app_status="deployed", newest=2)
    await world.report(await world.running(), outcome=Outcome.STOPPED, applied=serving, failed_revision=2)
    assert [(each["revision"], each["succeeded"]) for each in await revisions(world)] == [(1, True), (2, False)]


async def test_a_revision_keeps_the_sealed_secrets_it_was_made_from_until_the_deployment_is_gone(world: World):
    deployment = await deploy(world.superuser, world.seeded)
    await world.do(f"INSERT INTO deployment_secret VALUES ('{deployment}', '/password', 'sealed')")
    command = await world.running()
    assert command.secrets == (), "the values have no such field: nobody is told"
    await world.report(command, outcome=Outcome.DONE, applied=applied(1, 1, "a"))
    assert (await revisions(world))[0]["secrets_json"] == {"/password": "sealed"}
