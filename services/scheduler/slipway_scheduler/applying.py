"""Applies reports: as many as wait in one transaction, with their public events in it."""

import random
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from slipway.database.engine import Database
from slipway.database.queries import projection
from slipway.database.queries.outbox import Told
from slipway.database.queries.projection import Decided, Inbox, Locked
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.events import SYSTEM, Actor, EventType
from slipway.domain.failures import Failure
from slipway.domain.jobs import JobStatus, RetryPolicy
from slipway.domain.projection import Decision, Ignored, Seen, project
from slipway.failpoints import hit
from slipway.gathering import Gathering, Turn
from slipway.messaging.messages import Report
from slipway_scheduler import metrics

log = structlog.get_logger()

MOST = 200
"""Reports in one transaction."""


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A report, and the cluster on whose subject it came."""

    report: Report
    cluster: str


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about a report, and how long the stages of its job took."""

    decision: Decision
    timings: dict[str, float]
    status: DeploymentStatus
    """The deployment's before."""


class Applying:
    def __init__(self, database: Database, policy: RetryPolicy, *, committed: Callable[[], None]) -> None:
        """`committed` is called after each transaction."""
        self._database = database
        self._policy = policy
        self._committed = committed
        self._arrived = Gathering[Arrived, Applied | Ignored | None](self._apply_all, most=MOST)

    async def apply(self, report: Report, *, cluster: str) -> None:
        """Apply one report, or record that it was ignored, together with those that wait meanwhile."""
        became = await self._arrived.put(Arrived(report=report, cluster=cluster))
        if isinstance(became, Ignored):
            metrics.REPORTS.labels("ignored").inc()
            log.info("report_ignored", job=str(report.job), fence=report.fence, seq=report.seq, note=became.note)
        elif became is not None:
            _tell(report, became)

    async def _apply_all(self, arrived: list[Arrived]) -> list[Applied | Ignored | None | Turn]:
        """Apply the first report of each deployment; return what became of each, None for one that was applied before."""
        turn = _first_of_each(arrived)
        async with self._database.hot() as hot:
            deployments = await projection.lock_deployments(hot, [each.report for each in turn])
            if len(arrived) > 1:  # one whose deployment is in somebody's hand must not hold up the others
                turn = [each for each in turn if each.report.deployment in deployments]
            locked = await projection.lock_jobs(hot, [each.report for each in turn], deployments)
            judged = [(each.report, self._judge(each, locked.get(each.report.job))) for each in turn]
            fresh = await projection.remember(hot, [_remembered(*each) for each in judged])
            became = {
                id(report): None if isinstance(it, Applied) and report.job not in fresh else it for report, it in judged
            }
            written = [(report, it) for report, it in judged if isinstance(it, Applied) and report.job in fresh]
            told = [event for each in written for event in _events(*each)]
            await projection.write(hot, [_decided(*each) for each in written], told)
            hit("projector.before_commit")
        hit("projector.committed")
        if written:
            self._committed()
        return [became.get(id(each.report), Turn.ALONE) for each in arrived]

    def _judge(self, arrived: Arrived, locked: Locked | None) -> Applied | Ignored:
        if locked is None:
            return Ignored(note="no such job")
        report = arrived.report
        seen = Seen(
            fence=report.fence, seq=report.seq, cluster=arrived.cluster, generation=report.generation,
            outcome=report.outcome, failure=report.failure, gone=report.gone, stored_fence=report.stored_fence,
        )  # fmt: skip
        decision = project(seen, locked.job, locked.deployment, self._policy, random.random())  # noqa: S311
        if isinstance(decision, Ignored):
            return decision
        timings = {**locked.stages_ms, **report.timings_ms}
        return Applied(decision=decision, timings=timings, status=locked.deployment.status)


def _first_of_each(arrived: list[Arrived]) -> list[Arrived]:
    """Return the first of each deployment: a later one is judged by what the first has changed."""
    known: dict[Any, Arrived] = {}
    for each in arrived:
        known.setdefault(each.report.deployment, each)
    return list(known.values())


def _remembered(report: Report, became: Applied | Ignored) -> Inbox:
    ignored = isinstance(became, Ignored)
    return Inbox(report=report, applied=not ignored, note=became.note if ignored else None)


def _decided(report: Report, became: Applied) -> Decided:
    return Decided(report=report, decision=became.decision, detail={"timings_ms": became.timings, **_detail(report)})


def _events(report: Report, became: Applied) -> list[Told]:
    """Return what the feed tells of a report that is applied."""
    actor = Actor(kind=SYSTEM, id=report.instance, via="executor")
    told: list[Told] = []
    if became.decision.event is not None:
        data = _event_data(report, became.decision, became.status, became.timings)
        told.append(Told(event=became.decision.event, actor=actor, data=data, deployment=report.deployment))
    if report.tested:
        event = EventType.DEPLOYMENT_TESTED
        told.append(Told(event=event, actor=actor, data=_test_data(report), deployment=report.deployment))
    return told


def _tell(report: Report, became: Applied) -> None:
    """Count what a report that was applied says."""
    decision, timings = became.decision, became.timings
    metrics.REPORTS.labels("applied").inc()
    status = decision.job_status
    named = {"status": decision.status and decision.status.value, "job_status": status and status.value}
    log.info("report_applied", fence=report.fence, outcome=report.outcome.value, **named)
    if status is None:
        return
    failure = decision.failure
    metrics.ATTEMPTS.labels(report.outcome.value, failure.failure_class.value if failure else "").inc()
    if status not in (JobStatus.QUEUED, JobStatus.DELAYED):
        metrics.ENDED.labels(status.value).inc()
        for stage, millis in timings.items():
            metrics.STAGE_SECONDS.labels(stage).observe(millis / 1000)


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
