"""What a job costs in PostgreSQL, by its own count: bounded for one job, and no more for many at once."""

import asyncio

import pytest

from slipway.domain.outcomes import Outcome
from slipway.domain.usage import Quota, Usage
from slipway.messaging import subjects
from slipway.messaging.messages import Command, Reserve, Reserved, encode, report_id
from slipway_scheduler.relay import Relay
from slipway_scheduler.reservations import Reservations
from tests.scheduler.world import World, applied, report_of
from tests.support.rows import deploy
from tests.support.statements import Sent, counted

STATEMENTS = {"lease and publish": 5, "claim": 5, "project": 10, "relay": 1}
"""Of a whole pass: begin, scope and commit among them."""
COMMITS = {"lease and publish": 1, "claim": 1, "project": 1, "relay": 0}
"""What stands alone commits by itself: the relay's one statement is one more commit in the server's log."""
RESERVE = 6
"""Of a job that asks for more than is counted, by itself."""


async def _finish(world: World, commands: list[Command]) -> None:
    for command in commands:
        report = report_of(command, outcome=Outcome.DONE, applied=applied())
        subject = subjects.report("local", command.deployment)
        await world.broker.publish(subject, encode(report), message_id=report_id(report))
    assert await world.projector.run_once() == len(commands)


async def _cost(world: World, relay: Relay, dsn: str, numbers: range) -> dict[str, Sent]:
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
    async with counted(dsn) as relaying:
        assert await relay.run_once() >= len(numbers)
    return {"lease and publish": leasing, "claim": claiming, "project": projecting, "relay": relaying}


@pytest.mark.parametrize("jobs", [1, 40])
async def test_a_pass_costs_the_same_for_one_job_and_for_many(world: World, database_url: str, jobs: int):
    relay = Relay(world.database, world.broker)
    await _cost(world, relay, database_url, range(1, 2))  # what is done once for a connection
    for stage, sent in (await _cost(world, relay, database_url, range(2, 2 + jobs))).items():
        assert sent.statements <= STATEMENTS[stage], f"{stage}:\n{sent.text}"
        assert sent.commits == COMMITS[stage], f"{stage}:\n{sent.text}"
    done = await world.rows("SELECT status FROM deployment_reconcile_job")
    assert [row["status"] for row in done] == ["succeeded"] * (1 + jobs)


async def test_a_reservation_has_its_price_and_only_who_asks_for_more_pays_it(world: World, database_url: str):
    answering = Reservations(world.database, default=Quota())
    for number in (1, 2):
        await deploy(world.superuser, world.seeded, number)
        command = await world.running()
        usage = Usage(cpu_milli=number)
        wish = Reserve(job=command.job, fence=command.fence, instance="e1", cluster="local", usage=usage)
        async with counted(database_url) as sent:  # the first is warm-up: what is done once for a connection
            answer = await answering.reserve(subjects.reserve("local"), encode(wish))
        assert answer == encode(Reserved(held=True))
    assert (sent.statements <= RESERVE, sent.commits) == (True, 1), sent.text
