"""Projects reports into the tables: one transaction each, with the public event in it."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from slipway.database.engine import Database
from slipway.database.queries import outbox, projection
from slipway.database.queries.leases import LeasedJob
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.events import SYSTEM, Actor, EventType
from slipway.domain.failures import Failure
from slipway.domain.jobs import RetryPolicy
from slipway.domain.outcomes import Outcome
from slipway.domain.projection import Decision, Ignored, Seen, project
from slipway.failpoints import hit
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError, Delivery
from slipway.messaging.messages import Report
from slipway.messaging.topology import PROJECTOR

log = structlog.get_logger()

BATCH = 50
WAIT_SEC = 5.0
RETRY_SEC = 1.0


class Projector:
    def __init__(
        self, database: Database, broker: Broker, policy: RetryPolicy, *, committed: Callable[[], None]
    ) -> None:
        """`committed` is called after each transaction: the relay and the dispatcher have something to do."""
        self._database = database
        self._broker = broker
        self._policy = policy
        self._committed = committed

    async def run_once(self) -> int:
        """Take what reports there are, waiting a while for the first; return how many."""
        found = await self._broker.fetch(subjects.REPORTS_STREAM, PROJECTOR, batch=BATCH, timeout=WAIT_SEC)
        await asyncio.gather(*(self._settle(delivery) for delivery in found))
        return len(found)

    async def _settle(self, delivery: Delivery) -> None:
        try:
            report = msgspec.json.decode(delivery.data, type=Report)
        except msgspec.DecodeError:
            log.error("report_unreadable", subject=delivery.subject)
            await delivery.term()
            return
        try:
            await self.apply(report, cluster=delivery.subject.split(".")[3])
        except Exception as error:  # noqa: BLE001 - the report stays in its stream until the database takes it
            log.warning("report_not_applied", job=str(report.job), error=type(error).__name__)
            await delivery.nak(RETRY_SEC)
            return
        try:
            await delivery.ack()
        except BrokerError:
            log.info("report_ack_lost", job=str(report.job))  # it comes again and is ignored then

    async def refuse(self, leased: LeasedJob, failure: Failure) -> None:
        """End a leased job whose command can never be made, as if an executor had reported it."""
        report = Report(
            job=leased.job, fence=leased.fence, seq=1, deployment=leased.deployment, cluster=leased.cluster,
            generation=leased.generation, instance="scheduler", outcome=Outcome.FAILED, failure=failure,
        )  # fmt: skip
        await self.apply(report, cluster=leased.cluster)

    async def apply(self, report: Report, *, cluster: str) -> None:
        """Apply one report, or record that it was ignored. `cluster` is the one whose subject it came on."""
        seen = Seen(
            fence=report.fence, seq=report.seq, cluster=cluster, generation=report.generation,
            outcome=report.outcome, failure=report.failure, gone=report.gone, stored_fence=report.stored_fence,
        )  # fmt: skip
        async with self._database.writing() as session:
            locked = await projection.lock(session, report)
            if locked is None:
                await projection.remember(session, report, applied=False, note="no such job")
                return
            decision = project(seen, locked.job, locked.deployment, self._policy, random.random())  # noqa: S311
            if isinstance(decision, Ignored):
                await projection.remember(session, report, applied=False, note=decision.note)
                log.info("report_ignored", job=str(report.job), fence=report.fence, seq=report.seq, note=decision.note)
                return
            if not await projection.remember(session, report, applied=True):
                return
            timings = {**locked.stages_ms, **report.timings_ms}
            await projection.write(session, report, decision, {"timings_ms": timings, **_detail(report)})
            if decision.event is not None:
                await outbox.record(
                    session,
                    decision.event,
                    actor=Actor(kind=SYSTEM, id=report.instance, via="executor"),
                    data=_event_data(report, decision, locked.deployment.status, timings),
                    deployment=report.deployment,
                )
            if report.tested:
                await outbox.record(
                    session, EventType.DEPLOYMENT_TESTED, actor=Actor(kind=SYSTEM, id=report.instance, via="executor"),
                    data=_test_data(report), deployment=report.deployment,
                )  # fmt: skip
            hit("projector.before_commit")
        hit("projector.committed")
        self._committed()


def _event_data(
    report: Report, decision: Decision, status: DeploymentStatus, timings: dict[str, float]
) -> dict[str, Any]:
    data: dict[str, Any] = {
        "status": decision.status or status,
        "job": str(report.job),
        "fence": report.fence,
        "attempt": decision.attempt,
        "generation": report.generation,
        "actions": list(report.actions),
        "timings_ms": timings,
    }
    if report.applied is not None:
        data["applied_generation"], data["revision"] = report.applied.generation, report.applied.revision
    if report.corrected:
        data["corrected"] = msgspec.to_builtins(report.corrected)
    if decision.event is EventType.DEPLOYMENT_FAILED:
        data |= _why(decision.failure) | {"will_retry": decision.will_retry}
        if report.rolled_back_to is not None:
            data["rolled_back_to"] = report.rolled_back_to
    return data


def _detail(report: Report) -> dict[str, Any]:
    """Return what people find in the job: why it failed, what its tests said."""
    return {**_why(report.failure), **({"test": _test_data(report)} if report.tested else {})}


def _test_data(report: Report) -> dict[str, Any]:
    failure = report.test_failure
    return {"job": str(report.job), "succeeded": failure is None, "reason": failure.reason if failure else None}


def _why(failure: Failure | None) -> dict[str, Any]:
    if failure is None:
        return {}
    return {"failure_class": failure.failure_class, "code": failure.code, "reason": failure.reason}
