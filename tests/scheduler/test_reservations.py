"""Before a release is written, what it asks for is counted: several at once cannot each have all that is left."""

import asyncio

import msgspec
import pytest

from slipway.domain.outcomes import Outcome
from slipway.domain.usage import Quota, Usage
from slipway.messaging import subjects
from slipway.messaging.messages import Command, Reserve, Reserved, encode
from slipway_scheduler.reservations import Reservations
from tests.scheduler.world import World, applied
from tests.support.rows import deploy

QUOTA = Quota(cpu_milli=1000, memory_mib=1000, storage_gib=10)


async def ask(world: World, command: Command, cpu: int, *, instance: str = "e1", cluster: str = "local") -> Reserved:
    wish = Reserve(job=command.job, fence=command.fence, instance=instance, cluster=cluster, usage=Usage(cpu_milli=cpu))
    raw = await Reservations(world.database, default=QUOTA).reserve(subjects.reserve("local"), encode(wish))
    assert raw is not None
    return msgspec.json.decode(raw, type=Reserved)


async def claimed(world: World, count: int) -> list[Command]:
    for number in range(count):
        await deploy(world.superuser, world.seeded, number)
    await world.beat()
    await world.dispatcher.run_once()
    commands = await world.pulled()
    assert [await world.claim(each) for each in commands] == ["run"] * count
    return commands


async def test_of_several_at_once_only_as_many_as_fit_are_granted(world: World):
    commands = await claimed(world, 5)
    answers = await asyncio.gather(*(ask(world, each, 300) for each in commands))
    assert sorted(len(each.beyond) for each in answers) == [0, 0, 0, 1, 1]
    refused = next(each for each in answers if each.beyond)
    assert refused.beyond == ("300m of CPU where 100m are left",)


async def test_asking_again_is_not_counted_twice_and_what_still_runs_counts(world: World):
    [command] = await claimed(world, 1)
    written: set[str] = set()
    for cpu in (900, 900, 100):
        assert (await ask(world, command, cpu)).beyond == ()
        row = await world.row("deployment", "usage_json, xmin::text AS version")
        assert row["usage_json"]["cpu_milli"] == 900, "until a report says what is there"
        written.add(row["version"])
    assert len(written) == 1, "what is counted already is not written again"


@pytest.mark.parametrize(("quota", "granted"), [("NULL", 300), ("200", 200)])
async def test_a_change_is_granted_what_is_counted_as_far_as_the_quota_goes(world: World, quota: str, granted: int):
    deployment = await deploy(world.superuser, world.seeded)
    first = await world.running()
    assert first.granted is None
    await world.report(first, outcome=Outcome.DONE, applied=applied(), usage=Usage(cpu_milli=300))
    await world.do(f"INSERT INTO user_quota (user_id, cpu_milli) SELECT user_id, {quota} FROM deployment")
    await world.change(deployment)
    assert (await world.running()).granted == Usage(cpu_milli=granted)


async def test_only_the_jobs_claimant_is_answered(world: World):
    [command] = await claimed(world, 1)
    assert not (await ask(world, command, 1, instance="e2")).held
    assert not (await ask(world, msgspec.structs.replace(command, fence=command.fence + 1), 1)).held
    assert not (await ask(world, command, 1, cluster="other")).held
    assert (await world.row("deployment", "usage_json"))["usage_json"] is None


async def test_nobody_beats_for_another_cluster(world: World):
    [command] = await claimed(world, 1)
    await world.do("INSERT INTO cluster (name, public_key) VALUES ('other', 'the key of the other')")
    beat = world.beat_of(command, cluster="other", public_key="the key of somebody")
    assert await world.claims.beat(subjects.beat("local"), encode(beat)) is None
    assert (await world.row("cluster WHERE name = 'other'", "public_key"))["public_key"] == "the key of the other"
