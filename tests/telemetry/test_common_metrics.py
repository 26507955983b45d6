"""What every service tells of itself: what it is, and how far it uses its connections."""

import platform
from typing import Any

from slipway.database.engine import PoolUse
from slipway.telemetry.metrics import tell_build, version
from slipway.telemetry.pool import tell_pool
from tests.support.told import metric


def test_a_service_tells_what_runs():
    tell_build("scheduler")
    told = metric("slipway_build_info", component="scheduler", version=version(), python=platform.python_version())
    assert told == 1


def test_connections_are_told_as_they_are_when_somebody_looks():
    class Pool:
        use = PoolUse(in_use=3, idle=2, limit=9)

        def pool_use(self) -> PoolUse:
            return self.use

    pool: Any = Pool()
    tell_pool(pool)

    def told() -> list[float]:
        states = [metric("slipway_database_pool_connections", state=state) for state in ("in_use", "idle")]
        return [*states, metric("slipway_database_pool_limit")]

    assert told() == [3, 2, 9]
    pool.use = PoolUse(in_use=0, idle=5, limit=9)
    assert told() == [0, 5, 9]
