"""What every service tells of itself: what it is, and how far it uses its connections."""

import platform
from math import inf
from pathlib import Path
from typing import Any

import pytest

from slipway.database.engine import PoolUse
from slipway.telemetry.memory import tell_limit
from slipway.telemetry.metrics import tell_build, version
from slipway.telemetry.pool import tell_pool
from tests.support.told import metric


def test_a_service_tells_what_runs():
    tell_build("scheduler")
    told = metric("slipway_build_info", component="scheduler", version=version(), python=platform.python_version())
    assert told == 1


@pytest.mark.parametrize(
    ("first", "second", "limit"),
    [
        ("536870912", None, 2**29),
        ("max", None, inf),
        (None, "268435456", 2**28),
        (None, str(2**63 - 4096), inf),
        (None, None, inf),
    ],
    ids=["a limit", "no limit", "an older kernel's limit", "no limit of an older kernel", "no control groups"],
)
def test_the_limit_of_memory_is_the_containers(tmp_path: Path, first: str | None, second: str | None, limit: float):
    files = [tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes"]
    for path, said in zip(files, (first, second), strict=True):
        if said:
            path.write_text(f"{said}\n")
    tell_limit(files)
    assert metric("slipway_memory_limit_bytes") == limit


def test_connections_are_told_as_they_are_when_somebody_looks():
    class Pool:
        use = PoolUse(in_use=3, idle=2, limit=9)

        def pool_use(self) -> PoolUse:
            return self.use

        def tell_waits(self, waited: Any) -> None: ...

    pool: Any = Pool()
    tell_pool(pool)

    def told() -> list[float]:
        states = [metric("slipway_database_pool_connections", state=state) for state in ("in_use", "idle")]
        return [*states, metric("slipway_database_pool_limit")]

    assert told() == [3, 2, 9]
    pool.use = PoolUse(in_use=0, idle=5, limit=9)
    assert told() == [0, 5, 9]
