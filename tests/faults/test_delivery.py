"""Messages that come twice, late, in reverse or without a receipt: each job is done once and told once."""

import pytest

from slipway.database.engine import Database
from tests.e2e.watching import eventually
from tests.faults.whole import Unreliable, Whole
from tests.support.rows import deploy, seed

COUNT = 5


async def run_to_the_end(database: Database, scheduler_database: Database, broker: Unreliable, off: float = 0) -> Whole:
    """Deploy some, and check that each was applied once and that the feed tells each step once."""
    seeded = await seed(database)
    whole = Whole(database, scheduler_database, broker, off_sec=off)
    for number in range(COUNT):
        await deploy(database, seeded, number)
    async with whole.running():
        await eventually(lambda: whole.deployments_ready(COUNT), "all are ready", 60)

        async def drained() -> bool | None:
            left = [await broker.fetch(name, consumer, batch=50, timeout=0.01) for name, consumer in CONSUMERS]
            for each in [each for found in left for each in found]:
                await each.nak()
            return not any(left) or None

        await eventually(drained, "every message is settled", 30)
    told = await whole.happened()
    assert len(told) == len(set(told)), told
    assert len([each for each in told if each.endswith(" started")]) == COUNT
    assert len([each for each in told if each.endswith(" ready")]) == COUNT
    assert whole.helm.calls.count("apply") == COUNT
    jobs = await whole.rows("SELECT status, attempt, lost FROM deployment_reconcile_job")
    assert {(job["status"], job["attempt"], job["lost"]) for job in jobs} == {("succeeded", 0, 0)}
    return whole


CONSUMERS = (("SLIPWAY_JOBS", "executors-local"), ("SLIPWAY_REPORTS", "projector"))


async def test_every_message_comes_twice_and_newest_first(database: Database, scheduler_database: Database):
    """Row 9."""
    broker = Unreliable(repeats=True)
    await run_to_the_end(database, scheduler_database, broker)
    assert broker.faults >= 3 * COUNT, "a command and two reports for each"


async def test_every_first_acknowledgement_is_lost(database: Database, scheduler_database: Database):
    """Row 10."""
    broker = Unreliable(loses_acks=True)
    await run_to_the_end(database, scheduler_database, broker)
    assert broker.faults >= 3 * COUNT


@pytest.mark.parametrize("forgets_ids", [False, True])
async def test_every_first_publication_has_no_receipt(
    database: Database, scheduler_database: Database, forgets_ids: bool
):
    """Row 11; and row 19 when the window of known ids is over before the repetition, which is stored again then."""
    broker = Unreliable(loses_pub_acks=True, forgets_ids=forgets_ids)
    await run_to_the_end(database, scheduler_database, broker)
    assert broker.faults >= 3 * COUNT


@pytest.mark.parametrize("off_sec", [600.0, -600.0])
async def test_clocks_ten_minutes_apart(database: Database, scheduler_database: Database, off_sec: float):
    """Row 30: no time crosses a process border; the database's clock decides, each process measures its own waiting."""
    await run_to_the_end(database, scheduler_database, Unreliable(), off_sec)
