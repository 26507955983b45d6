"""Every write of a job asks for its right again."""

from uuid import UUID

import pytest

from slipway_executor.cluster.port import Cluster
from slipway_executor.failing import OperationFailed
from slipway_executor.fence import TERMS
from slipway_executor.fenced import WRITES, fenced
from slipway_executor.helm.port import Deadline
from tests.executor.world import READY, World


async def test_a_process_that_stood_still_writes_nothing_after_its_right(world: World):
    """Row 7: the checks stand before each write, not before each step."""
    deadline = Deadline(world.clock.monotonic() + TERMS.right_sec)
    cluster = fenced(world.cluster, world.clock, deadline)
    await cluster.create_namespace("n", installation=UUID(int=1), deployment=UUID(int=2))
    await world.clock.advance(TERMS.right_sec)
    with pytest.raises(OperationFailed) as caught:
        await cluster.remove(READY, "n")
    assert caught.value.failure.code == "lease_lost"
    assert "remove" not in world.cluster.calls
    assert await cluster.namespace("n"), "looking is allowed"


def test_every_method_of_the_port_that_writes_is_fenced():
    reads = {
        "ready", "namespace", "lease", "create_lease", "replace_lease", "release_history", "manifest", "notes", "logs",
        "follow_logs", "namespaced", "find", "keep_secret", "replace_secret", "secret_names", "may_write", "live", "following",
        "warnings", "held_up", "namespaces_of", "remove_lease",
    }  # fmt: skip
    methods = {name for name in vars(Cluster) if not name.startswith("_")}
    assert methods - reads == WRITES
