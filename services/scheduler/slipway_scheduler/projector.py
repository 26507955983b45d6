"""Takes reports from their stream until the tables have them."""

import asyncio
from collections.abc import Callable

import msgspec
import structlog

from slipway.database.engine import Database
from slipway.database.errors import cannot_store
from slipway.database.queries.leases import LeasedJob
from slipway.domain.failures import Failure
from slipway.domain.jobs import RetryPolicy
from slipway.domain.outcomes import Outcome
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError, Delivery
from slipway.messaging.messages import Report
from slipway.messaging.topology import PROJECTOR
from slipway.telemetry import tracing
from slipway.telemetry.tracing import Kind
from slipway_scheduler import metrics
from slipway_scheduler.applying import MOST, Applying

log = structlog.get_logger()

WAIT_SEC = 5.0
RETRY_SEC = 1.0
NEWER_SEC = 30.0
NEWER_TRIES = 20
"""A report that is well-formed and says what this release does not know is left to newer schedulers, for ten minutes."""


class Projector:
    def __init__(
        self, database: Database, broker: Broker, policy: RetryPolicy, *, committed: Callable[[], None]
    ) -> None:
        """`committed` is called after each transaction: the relay and the dispatcher have something to do."""
        self._broker = broker
        self._applying = Applying(database, policy, committed=committed)

    async def run_once(self) -> int:
        """Take what reports there are, waiting a while for the first; return how many."""
        found = await self._broker.fetch(subjects.REPORTS_STREAM, PROJECTOR, batch=MOST, timeout=WAIT_SEC)
        await asyncio.gather(*(self._settle(delivery) for delivery in found))
        return len(found)

    async def _settle(self, delivery: Delivery) -> None:
        try:
            report = msgspec.json.decode(delivery.data, type=Report)
        except msgspec.DecodeError as error:
            await self._unread(delivery, newer=isinstance(error, msgspec.ValidationError))
            return
        with tracing.span(
            "report project", kind=Kind.CONSUMER, parent=report.traceparent, deployment=report.deployment, job=report.job,
            fence=report.fence, outcome=report.outcome.value,
        ):  # fmt: skip
            await self._take(report, delivery)

    async def _unread(self, delivery: Delivery, *, newer: bool) -> None:
        """Leave a report that may be a newer release's to a scheduler of that release; nonsense ends here."""
        if newer and delivery.deliveries < NEWER_TRIES:
            log.warning("report_not_understood", subject=delivery.subject, deliveries=delivery.deliveries)
            await delivery.nak(NEWER_SEC)
            return
        log.error("report_unreadable", subject=delivery.subject)
        metrics.REPORTS.labels("unreadable").inc()
        await delivery.term()

    async def _take(self, report: Report, delivery: Delivery) -> None:
        try:
            await self.apply(report, cluster=delivery.subject.split(".")[3])
        except Exception as error:  # noqa: BLE001 - the report stays in its stream until the database takes it
            if cannot_store(error):
                log.error("report_unstorable", job=str(report.job), fence=report.fence, subject=delivery.subject)
                metrics.REPORTS.labels("unreadable").inc()
                await delivery.term()
                return
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
        await self._applying.apply(report, cluster=cluster)
