"""A scheduler that stands still in the middle of its work, and goes on much later."""

import os
import signal

import pytest

from tests.faults.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    "failpoint", ["dispatcher.leased", "dispatcher.published", "projector.before_commit", "relay.published"]
)
async def test_one_of_two_is_stopped_and_resumed(system: System, failpoint: str):
    """Row 5. It stands still until the other one has done its work, however long that takes, rather than for just 60 s.

    In the middle of a projection it holds the deployment's row, until PostgreSQL ends its idle transaction after 60 s.
    """
    await system.without("scheduler-2")
    await system.rearm("scheduler-1", f"{failpoint}=stop")
    deployment = await system.deploy()
    stopped = await system.stops("scheduler-1")
    await system.stack.start_service("scheduler-2")
    await system.ready(deployment)
    os.kill(stopped, signal.SIGCONT)
    later = await system.ready(await system.deploy())
    assert later["applied_generation"] == 1
    job = await system.job(deployment)
    assert (job["status"], job["attempt"], job["lost"]) == ("succeeded", 0, 0)
