"""What becomes of reports: in any order, of any release, of any content."""

from typing import Any

import msgspec
from sqlalchemy import text

from slipway.domain.failures import Failure, FailureClass
from slipway.domain.outcomes import Outcome
from slipway.messaging import subjects
from slipway.messaging.messages import encode
from slipway_scheduler.projector import NEWER_TRIES
from tests.scheduler.world import World, applied, report_of
from tests.support.rows import deploy
from tests.support.told import metric


async def test_reports_in_reverse_and_twice_are_applied_once(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    for _ in range(2):
        await world.report(command, seq=2, outcome=Outcome.DONE, applied=applied())
        await world.report(command, seq=1, outcome=Outcome.PROGRESS, applied=applied())
    async with world.superuser.reading() as session:
        types = (await session.execute(text("SELECT type FROM outbox_event ORDER BY id"))).scalars().all()
    assert [kind.split(".")[3] for kind in types] == ["started", "ready"]


async def test_a_terminal_failure_shows_its_reason_and_holds(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    failure = Failure(
        failure_class=FailureClass.TERMINAL, code="image_pull_failed", reason="no such image", cluster_changed=True
    )
    await world.report(command, outcome=Outcome.FAILED, failure=failure)
    row = await world.row("deployment")
    assert (row["status"], row["last_error"], row["failure_class"]) == ("error", "no such image", "terminal")
    assert row["hold_generation"] == row["generation"]
    assert row["scan_after"] is None, "it is not compared with the cluster"


async def test_an_unreadable_report_ends_and_the_next_is_applied(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    subject = subjects.report("local", command.deployment)
    unreadable = metric("slipway_reports_total", result="unreadable")
    await world.broker.publish(subject, b"{", message_id="bad")
    report = report_of(command, outcome=Outcome.DONE, applied=applied())
    await world.broker.publish(subject, encode(report), message_id="good")
    await world.projector.run_once()
    assert (await world.row("deployment"))["status"] == "ready"
    assert metric("slipway_reports_total", result="unreadable") == unreadable + 1


async def test_a_report_of_a_kind_that_is_not_known_yet_is_left_to_newer_schedulers(world: World):
    """Row 58: it stays in its stream, others are applied, and it does not come for ever."""
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    report = report_of(command, seq=2, outcome=Outcome.DONE, applied=applied())
    newer = Delivered({**msgspec.to_builtins(report), "outcome": "evaporated"})
    await world.projector._settle(newer)
    await world.report(command, outcome=Outcome.DONE, applied=applied())
    assert newer.settled == ["nak"]
    assert (await world.row("deployment"))["status"] == "ready"
    newer.deliveries = NEWER_TRIES
    await world.projector._settle(newer)
    assert newer.settled == ["nak", "term"]


async def test_a_report_that_no_column_holds_ends_and_the_others_are_applied(world: World):
    """Row 35: each executor of this release makes its words storable; one that does not must not come for ever."""
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    failure = Failure(failure_class=FailureClass.TERMINAL, code="container_crashes", reason="a\0b")
    report = report_of(command, outcome=Outcome.FAILED, failure=failure)
    poison = Delivered(msgspec.to_builtins(report))
    await world.projector._settle(poison)
    assert poison.settled == ["term"]
    await world.report(command, outcome=Outcome.DONE, applied=applied())
    assert (await world.row("deployment"))["status"] == "ready"


class Delivered:
    """A report as it was delivered, and how it was settled."""

    sequence = 1

    def __init__(self, report: dict[str, Any]) -> None:
        self.subject = subjects.report("local", report["deployment"])
        self.data = msgspec.json.encode(report)
        self.deliveries = 1
        self.settled: list[str] = []

    async def ack(self) -> None:
        self.settled.append("ack")

    async def nak(self, delay_sec: float = 0.0) -> None:
        assert delay_sec, "the next scheduler may be the newer one, not this one again at once"
        self.settled.append("nak")

    async def term(self) -> None:
        self.settled.append("term")


async def test_a_report_from_another_cluster_is_refused(world: World):
    await deploy(world.superuser, world.seeded)
    command = await world.running()
    report = report_of(command, outcome=Outcome.DONE, applied=applied())
    await world.projector.apply(report, cluster="elsewhere")
    assert (await world.row("deployment"))["status"] == "provisioning"
    assert (await world.row("report_record"))["applied"] is False
