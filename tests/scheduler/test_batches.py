"""Claims and reports that share a transaction: what one of them meets is no concern of the others."""

import asyncio

import msgspec
from sqlalchemy import text

from slipway.clock import settle
from slipway.domain.outcomes import Outcome
from slipway.messaging import subjects
from slipway.messaging.messages import Command, encode, report_id
from tests.scheduler.world import World, applied, report_of
from tests.support.rows import deploy


async def leased(world: World, count: int) -> list[Command]:
    for number in range(count):
        await deploy(world.superuser, world.seeded, number)
    await world.beat()
    await world.dispatcher.run_once()
    return await world.pulled()


async def tell(world: World, command: Command, *, seq: int = 1, **fields: object) -> None:
    report = report_of(command, seq=seq, **fields)
    subject = subjects.report("local", command.deployment)
    await world.broker.publish(subject, encode(report), message_id=report_id(report))


async def test_two_who_claim_one_fence_at_once_are_told_apart(world: World):
    [command] = await leased(world, 1)
    answers = await asyncio.gather(world.claim(command, "e1"), world.claim(command, "e2"), world.claim(command, "e2"))
    holder = (await world.row("deployment_reconcile_job"))["locked_by"]
    assert answers == [("run" if holder == instance else "drop") for instance in ("e1", "e2", "e2")]
    assert len(await world.rows("SELECT 1 FROM outbox_event WHERE type LIKE '%started%'")) == 1


async def test_a_deployment_in_somebodys_hand_holds_up_no_other(world: World):
    busy, *others = await leased(world, 3)
    async with world.superuser.writing() as session:
        await session.execute(text("SELECT 1 FROM deployment WHERE id = :id FOR UPDATE"), {"id": busy.deployment})
        waiting = asyncio.create_task(world.claim(busy))
        assert await asyncio.gather(*(world.claim(command) for command in others)) == ["run", "run"]
        await settle()
        assert not waiting.done()
    assert await waiting == "run"


async def test_reports_of_one_job_that_come_together_are_applied_in_their_order(world: World):
    [command] = await leased(world, 1)
    await world.claim(command)
    await tell(world, command, seq=1, outcome=Outcome.PROGRESS, applied=applied())
    await tell(world, command, seq=2, outcome=Outcome.DONE, applied=applied())
    assert await world.projector.run_once() == 2
    assert [row["applied"] for row in await world.rows("SELECT applied FROM report_record ORDER BY seq")] == [
        True,
        True,
    ]
    told = await world.rows("SELECT type, deployment_seq FROM outbox_event ORDER BY id")
    assert [(row["type"].split(".")[3], row["deployment_seq"]) for row in told] == [
        ("started", 1),
        ("progressed", 2),
        ("ready", 3),
    ]


async def test_a_report_that_no_row_can_hold_spoils_no_other(world: World):
    bad, *others = await leased(world, 3)
    for command in (bad, *others):
        await world.claim(command)
        revision = 2**40 if command is bad else 1
        await tell(world, command, outcome=Outcome.DONE, applied=msgspec.structs.replace(applied(), revision=revision))
    assert await world.projector.run_once() == 3
    rows = await world.rows("SELECT deployment_id, status FROM deployment_reconcile_job")
    assert {row["deployment_id"] for row in rows if row["status"] == "succeeded"} == {
        each.deployment for each in others
    }
