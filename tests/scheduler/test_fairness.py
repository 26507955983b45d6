"""Whose job is next, and how much room each has."""

from uuid import UUID

from slipway.database.queries import leases
from slipway.domain.jobs import BACKGROUND_EVERY, JobReason
from slipway.messaging.messages import JobPhase
from tests.scheduler.world import World
from tests.support.rows import deploy, seed


async def test_leases_follow_the_executors_room(world: World):
    other = await seed(world.superuser, email="other@example.org")
    for number in range(10):
        await deploy(world.superuser, other if number % 2 else world.seeded, number)
    await world.beat(slots=3)
    assert await world.dispatcher.run_once() == 4, "three slots and one ahead"
    assert await world.dispatcher.run_once() == 0


async def test_one_users_applies_leave_room_for_others(world: World):
    for number in range(10):
        await deploy(world.superuser, world.seeded, number)
    await world.beat(slots=7)
    assert await world.dispatcher.run_once() == 6, "of seven slots and one ahead"
    commands = await world.pulled()
    for command in commands:
        await world.claim(command)
    assert await world.dispatcher.run_once() == 0
    other = await seed(world.superuser, email="other@example.org")
    theirs = await deploy(world.superuser, other, 100)
    assert await world.dispatcher.run_once() == 1
    assert [each.deployment for each in await world.pulled()] == [theirs]
    await world.beat(*commands[:3], phase=JobPhase.WATCHING, slots=7)
    assert await world.dispatcher.run_once() == 3, "what is watched holds no slot"


async def test_a_user_has_one_apply_however_small_the_cluster(world: World):
    for number in range(2):
        await deploy(world.superuser, world.seeded, number)
    await world.beat(slots=1)
    assert await world.dispatcher.run_once() == 1


async def drifted(world: World, number: int) -> UUID:
    """Return a deployment whose only waiting job corrects its drift."""
    deployment = await deploy(world.superuser, world.seeded, number)
    await world.do(f"DELETE FROM deployment_reconcile_job WHERE deployment_id = '{deployment}'")
    await world.change(deployment, JobReason.DRIFT)
    return deployment


async def test_background_work_has_its_share_under_a_flood_of_changes(world: World):
    background = await drifted(world, 0)
    users = [await seed(world.superuser, email=f"{name}@example.org") for name in ("first", "second")]
    await world.beat(slots=1)
    leased: list[UUID] = []
    for number in range(1, 2 * BACKGROUND_EVERY, len(users)):  # as many come as there is room for, and more wait
        for each, user in enumerate(users):
            await deploy(world.superuser, user, number + each)
            await deploy(world.superuser, user, 1000 + number + each)
        await world.dispatcher.run_once()
        leased += [command.deployment for command in await world.pulled()]
        await world.do("UPDATE deployment_reconcile_job SET status = 'succeeded' WHERE status = 'leased'")
    assert leased.index(background) == BACKGROUND_EVERY, "so many went before it, and then it had its turn"


async def test_background_work_has_its_share_when_one_user_may_not_fill_the_room(world: World):
    background = await drifted(world, 0)
    user = await seed(world.superuser, email="first@example.org")
    for number in range(1, 2 * BACKGROUND_EVERY):
        await deploy(world.superuser, user, number)
    await world.beat(slots=3)
    leased: list[UUID] = []
    while background not in leased:
        assert await world.dispatcher.run_once() == 3 or leased[BACKGROUND_EVERY:], "of a room of four"
        leased += [command.deployment for command in await world.pulled()]
        await world.do("UPDATE deployment_reconcile_job SET status = 'succeeded' WHERE status = 'leased'")
    assert BACKGROUND_EVERY <= leased.index(background) < BACKGROUND_EVERY + 3


async def test_a_users_background_work_does_not_hold_up_their_changes(world: World):
    some = [await drifted(world, number) for number in range(5)]
    await world.change(some[-1])
    [job] = await world.rows("SELECT queue_key FROM deployment_reconcile_job WHERE priority = 0")
    assert job["queue_key"] == 1, "level with a job of somebody who has none"


async def test_many_jobs_of_one_user_do_not_delay_anothers_one(world: World):
    for number in range(30):
        await deploy(world.superuser, world.seeded, number)
    await world.beat(slots=4)
    await world.dispatcher.run_once()
    for command in await world.pulled():
        await world.claim(command)
    other = await seed(world.superuser, email="other@example.org")
    mine = await deploy(world.superuser, other, 100)
    await world.beat(slots=6)
    async with world.database.hot() as hot:
        leased = await leases.lease(hot, cluster="local", count=3, dispatcher="d")
    assert mine in [each.deployment for each in leased]
