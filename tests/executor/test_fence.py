"""Who holds a deployment's Lease, until when that is a right to write, and how it passes on."""

import asyncio

import pytest

from slipway.clock import settle
from slipway.identity import new_id
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.cluster.port import LeaseRecord
from slipway_executor.fence import TERMS, FenceAhead, held, lease_name
from tests.executor.world import World
from tests.support.told import metric


async def test_a_lease_of_a_living_holder_is_waited_for(world: World):
    deployment = new_id()
    lease = await world.cluster.create_lease(lease_name(deployment), holder="other", fence=1)

    async def take() -> None:
        async with held(world.cluster, world.clock, deployment, holder="me", fence=2):
            pass

    taking = asyncio.create_task(take())
    for _ in range(40):
        await world.clock.advance(1)
        lease = await world.cluster.replace_lease(lease, holder="other", fence=1)
    assert not taking.done(), "it renews: its clock is not compared"
    for _ in range(int(TERMS.gone_sec) + 2):
        await world.clock.advance(1)
    await asyncio.wait_for(taking, 5)
    assert world.cluster.leases[lease_name(deployment)].fence == 2


async def test_the_right_to_write_ends_when_renewals_do_not_succeed(world: World):
    deployment, lost = new_id(), metric("slipway_executor_leases_lost_total")
    async with held(world.cluster, world.clock, deployment, holder="me", fence=1) as deadline:
        assert deadline.at == world.clock.monotonic() + TERMS.right_sec
        await settle()
        await world.clock.advance(4)
        renewed = deadline.at
        assert renewed > world.clock.monotonic() + 8
        stolen = world.cluster.leases[lease_name(deployment)]
        await world.cluster.replace_lease(stolen, holder="successor", fence=2)
        await world.clock.advance(30)
        assert deadline.at == renewed, "nothing extends it any more"
    assert metric("slipway_executor_leases_lost_total") == lost + 1
    assert world.cluster.leases[lease_name(deployment)].holder == "successor"


async def test_an_equal_fence_in_other_hands_is_refused(world: World):
    deployment = new_id()
    await world.cluster.create_lease(lease_name(deployment), holder="other", fence=3)
    with pytest.raises(FenceAhead):
        async with held(world.cluster, world.clock, deployment, holder="me", fence=3):
            pass


async def test_a_renewal_whose_answer_was_lost_costs_nothing(world: World):
    deployment = new_id()
    async with held(world.cluster, world.clock, deployment, holder="me", fence=1) as deadline:
        await settle()
        stored = world.cluster.leases[lease_name(deployment)]
        await world.cluster.replace_lease(stored, holder="me", fence=1)  # it was stored, and nobody was told
        for _ in range(4):
            await world.clock.advance(3)
        assert deadline.at > world.clock.monotonic()


class Unanswering(MemoryCluster):
    """Renewals are stored, and their answers do not come."""

    async def replace_lease(self, lease: LeaseRecord, *, holder: str, fence: int) -> LeaseRecord:
        stored = await super().replace_lease(lease, holder=holder, fence=fence)
        if holder:
            await asyncio.Event().wait()
        return stored


async def test_a_lease_is_released_while_its_renewal_is_under_way(world: World):
    """The next job of the deployment would wait in a slot until nobody renews it."""
    cluster, deployment = Unanswering(), new_id()
    async with held(cluster, world.clock, deployment, holder="me", fence=1):
        await settle()
        await world.clock.advance(TERMS.renew_sec)
        await settle()
        assert cluster.calls.count("replace_lease") == 1
    assert cluster.leases[lease_name(deployment)].holder == ""


async def test_a_lease_in_other_hands_is_not_released(world: World):
    deployment = new_id()
    async with held(world.cluster, world.clock, deployment, holder="me", fence=1):
        stored = world.cluster.leases[lease_name(deployment)]
        await world.cluster.replace_lease(stored, holder="successor", fence=2)
    assert world.cluster.leases[lease_name(deployment)].holder == "successor"
