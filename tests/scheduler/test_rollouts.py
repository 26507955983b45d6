"""Rollouts on a real PostgreSQL, as the scheduler's own login."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from slipway.database.engine import Database
from slipway.database.queries import deployments, products, rollouts, templates
from slipway.domain.rollouts import Progress, RolloutStatus, next_wave
from slipway_scheduler.rollouts import Rollouts
from tests.support.held_up import held_up
from tests.support.rows import Seeded, deploy, seed

WAVES: list[tuple[Progress, int | RolloutStatus]] = [
    (Progress(waiting=5), 2),
    (Progress(waiting=1), 1),
    (Progress(waiting=3, running=1), 0),
    (Progress(waiting=3, succeeded=2), 2),
    (Progress(waiting=3, failed=1), 2),
    (Progress(waiting=3, failed=2), RolloutStatus.STOPPED),
    (Progress(waiting=3, failed=2, running=1), 0),
    (Progress(succeeded=3, skipped=1), RolloutStatus.SUCCEEDED),
    (Progress(), RolloutStatus.SUCCEEDED),
    (Progress(succeeded=3, failed=2), RolloutStatus.STOPPED),
]


@pytest.mark.parametrize(("progress", "wanted"), WAVES)
def test_the_next_wave(progress: Progress, wanted: int | RolloutStatus):
    assert next_wave(progress, batch_size=2, max_failures=1) == wanted


class World:
    """Three ready deployments of one product, and a rollout to its second version, one at a time."""

    def __init__(self, superuser: Database, scheduler: Database, seeded: Seeded) -> None:
        self.superuser = superuser
        self.seeded = seeded
        self.rollouts = Rollouts(scheduler, committed=lambda: None)
        self.rollout = UUID(int=0)

    async def begin(self, *, max_failures: int, first: int = 0) -> list[UUID]:
        asked = [await deploy(self.superuser, self.seeded, first + number) for number in range(3)]
        await self.do("UPDATE deployment SET status = 'ready', applied_generation = 1")
        await self.do("UPDATE deployment_reconcile_job SET status = 'succeeded'")
        async with self.superuser.writing() as session:
            product = await products.get(session, self.seeded.product)
            assert product is not None
            newer = await templates.add(
                session, product, docker_image_url="nginx:2", default_values_json={}, values_schema_json={}
            )
            self.rollout = await rollouts.add(
                session, dict.fromkeys(asked), product_id=product.id, template_id=newer, batch_size=1,
                max_failures=max_failures, actor_json={"kind": "user", "id": "admin"},
            )  # fmt: skip
        return asked

    async def do(self, statement: str) -> None:
        async with self.superuser.writing() as session:
            await session.execute(text(statement))

    async def progress(self) -> dict[str, int]:
        async with self.superuser.reading() as session:
            found = await rollouts.progress(session, self.rollout)
        return {name: getattr(found, name) for name in found.__struct_fields__ if getattr(found, name)}

    async def status(self) -> str:
        async with self.superuser.reading() as session:
            found = await rollouts.get(session, self.rollout)
        assert found is not None
        return found.status

    async def end(self, status: str) -> None:
        """Let the upgrade that runs end in this way."""
        more: dict[str, Any] = {
            "ready": "applied_generation = generation",
            "error": "hold_generation = generation, last_error = 'no'",
        }
        await self.do(f"UPDATE deployment SET status = '{status}', {more[status]} WHERE status = 'upgrading'")
        await self.do("UPDATE deployment_reconcile_job SET status = 'succeeded'")


@pytest.fixture
async def world(database: Database, scheduler_database: Database) -> World:
    return World(database, scheduler_database, await seed(database))


async def test_each_wave_begins_when_the_one_before_has_ended(world: World):
    await world.begin(max_failures=0)
    for done in range(3):
        assert await world.rollouts.run_once() == 1
        assert await world.rollouts.run_once() == 0, "it waits for the one that runs"
        assert (await world.progress())["running"] == 1
        await world.end("ready")
        assert (await world.progress()).get("succeeded", 0) == done
    await world.rollouts.run_once()
    assert (await world.status(), await world.progress()) == ("succeeded", {"succeeded": 3})


async def test_it_stops_at_a_failure_and_leaves_the_rest_alone(world: World):
    await world.begin(max_failures=0)
    await world.rollouts.run_once()
    await world.end("error")
    await world.rollouts.run_once()
    assert (await world.status(), await world.progress()) == ("stopped", {"waiting": 2, "failed": 1})


async def test_a_deployment_that_went_its_own_way_is_skipped(world: World):
    [first, *_] = await world.begin(max_failures=0)
    await world.do(f"UPDATE deployment SET status = 'deleting' WHERE id = '{first}'")
    await world.rollouts.run_once()
    await world.end("ready")
    for _ in range(3):
        await world.rollouts.run_once()
        await world.end("ready")
    await world.rollouts.run_once()
    assert (await world.progress(), await world.status()) == ({"succeeded": 2, "skipped": 1}, "succeeded")


async def test_a_deployment_that_is_upgraded_meanwhile_is_not_skipped(world: World):
    [first, *_] = await world.begin(max_failures=0)
    async with world.superuser.writing() as session:
        product = await products.get(session, world.seeded.product)
        assert product is not None
        other = await templates.add(
            session, product, docker_image_url="nginx:3", default_values_json={}, values_schema_json={}
        )
    async with world.superuser.writing() as session:
        found = await deployments.lock(session, first)
        assert found is not None
        moving = await held_up(world.superuser, world.rollouts.run_once())
        await deployments.change(session, found, desired_template_id=other)
    assert await moving == 1
    assert await world.progress() == {"waiting": 2, "running": 1}


async def several(world: World, count: int) -> list[UUID]:
    """Begin a rollout for each of so many products with a ready deployment; return the rollouts."""
    begun: list[UUID] = []
    for number in range(count):
        world.seeded = await seed(world.superuser, email=f"user-{number}@example.org")
        await world.begin(max_failures=0, first=number * 3)
        begun.append(world.rollout)
    return begun


async def test_rollouts_take_turns_however_many_wait(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("slipway_scheduler.rollouts.TURNS", 2)
    begun = await several(world, 5)
    for turn in (2, 2, 1):
        assert await world.rollouts.run_once() == turn
    for rollout in begun:
        world.rollout = rollout
        assert (await world.progress())["running"] == 1


async def test_a_rollout_that_breaks_holds_up_no_other(world: World):
    broken, whole = await several(world, 2)
    await world.do(f"UPDATE rollout SET actor_json = '{{}}' WHERE id = '{broken}'")
    assert await world.rollouts.run_once() == 1
    world.rollout = whole
    assert (await world.progress())["running"] == 1
