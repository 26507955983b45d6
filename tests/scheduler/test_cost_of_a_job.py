"""What a job costs in PostgreSQL, by its own count: bounded for one job, and no more for many at once."""

import asyncio

import pytest

from slipway.domain.outcomes import Outcome
from slipway.messaging import subjects
from slipway.messaging.messages import Command, Report, encode, report_id
from tests.scheduler.world import World, applied
from tests.support.rows import deploy
from tests.support.statements import Sent, counted

STATEMENTS = {"lease and publish": 6, "claim": 5, "project": 10}
"""Of a whole pass: begin, scope and commit among them."""
COMMITS = {"lease and publish": 1, "claim": 1, "project": 1}
"""What stands alone commits by itself: the mark of publication is one more commit in the server's log."""


async def _finish(world: World, commands: list[Command]) -> None:
    for command in commands:
        report = Report(
            job=command.job, fence=command.fence, seq=1, deployment=command.deployment, cluster="local",
            generation=command.generation, instance="e1", outcome=Outcome.DONE, applied=applied(),
        )  # fmt: skip
        subject = subjects.report("local", command.deployment)
        await world.broker.publish(subject, encode(report), message_id=report_id(report))
    assert await world.projector.run_once() == len(commands)


async def _cost(world: World, dsn: str, numbers: range) -> dict[str, Sent]:
    for number in numbers:
        await deploy(world.superuser, world.seeded, number)
    await world.beat(slots=100)
    async with counted(dsn) as leasing:
        assert await world.dispatcher.run_once() == len(numbers)
    commands = await world.pulled()
    async with counted(dsn) as claiming:
        assert {*await asyncio.gather(*(world.claim(command) for command in commands))} == {"run"}
    async with counted(dsn) as projecting:
        await _finish(world, commands)
    return {"lease and publish": leasing, "claim": claiming, "project": projecting}


@pytest.mark.parametrize("jobs", [1, 40])
async def test_a_pass_costs_the_same_for_one_job_and_for_many(world: World, database_url: str, jobs: int):
    await _cost(world, database_url, range(1, 2))  # what is done once for a connection
    for stage, sent in (await _cost(world, database_url, range(2, 2 + jobs))).items():
        assert sent.statements <= STATEMENTS[stage], f"{stage}:\n{sent.text}"
        assert sent.commits == COMMITS[stage], f"{stage}:\n{sent.text}"
    done = await world.rows("SELECT status FROM deployment_reconcile_job")
    assert [row["status"] for row in done] == ["succeeded"] * (1 + jobs)
