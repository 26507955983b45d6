"""An executor removes the Leases that a scheduler names, and no other."""

from uuid import uuid4

from slipway.messaging.queries import ForgetLeases
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.cluster.port import LeaseConflict
from slipway_executor.fence import lease_name
from slipway_executor.insight.leases import Leases


async def test_those_that_are_named_go():
    cluster = MemoryCluster()
    old, gone, other = (uuid4() for _ in range(3))
    for each in (old, other):
        await cluster.create_lease(lease_name(each), holder="", fence=7)
    answer = await Leases(cluster)(ForgetLeases(deployments=(old, gone)))
    assert answer.deployments == (old, gone), "one that is not there is as good as removed"
    assert list(cluster.leases) == [lease_name(other)]


async def test_one_that_is_written_in_between_stays():
    cluster = MemoryCluster()
    held, old = uuid4(), uuid4()
    for each in (held, old):
        await cluster.create_lease(lease_name(each), holder="", fence=7)
    cluster.failures["remove_lease"] = LeaseConflict(lease_name(held))
    assert (await Leases(cluster)(ForgetLeases(deployments=(held,)))).deployments == ()
    del cluster.failures["remove_lease"]
    assert (await Leases(cluster)(ForgetLeases(deployments=(held, old)))).deployments == (held, old)
