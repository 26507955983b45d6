"""Reports of one job: numbered snapshots, published until NATS has stored them."""

import msgspec
import structlog

from slipway.clock import Clock
from slipway.domain.failures import Failure
from slipway.domain.values import storable
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError, MessageTooLarge
from slipway.messaging.messages import Command, Report, encode, report_id
from slipway.telemetry import tracing

log = structlog.get_logger()

PAUSE_SEC = 1.0
MOST = 50
"""Objects, and fields of each, that a shortened report names."""
LONGEST = 1000


class Reports:
    """The reports of one job and fence, in order."""

    def __init__(self, broker: Broker, clock: Clock, command: Command, instance: str) -> None:
        self._broker = broker
        self._clock = clock
        self._command = command
        self._instance = instance
        self._seq = 0

    def next(self, **fields: object) -> Report:
        """Return the next report of this job; what containers and charts say in it is made fit to be stored."""
        self._seq += 1
        command = self._command
        report = Report(
            job=command.job,
            fence=command.fence,
            seq=self._seq,
            deployment=command.deployment,
            cluster=command.cluster,
            generation=command.generation,
            instance=self._instance,
            traceparent=tracing.traceparent(),
            **fields,  # type: ignore[arg-type]
        )
        return msgspec.convert(storable(msgspec.to_builtins(report)), Report)

    async def publish(self, report: Report) -> None:
        """Publish until it is stored. A lost acknowledgement is met by the message's id."""
        while True:
            try:
                await self._broker.publish(
                    subjects.report(report.cluster, report.deployment), encode(report), message_id=report_id(report)
                )
            except MessageTooLarge:
                log.error("report_too_large", job=str(report.job), seq=report.seq)
                if report == (shorter := _shortened(report)):
                    return  # nothing is left to leave out: the job is tried again when nobody beats for it
                report = shorter
            except BrokerError as error:
                log.warning("report_not_stored", job=str(report.job), seq=report.seq, error=type(error).__name__)
                await self._clock.sleep(PAUSE_SEC)
            else:
                return


def _shortened(report: Report) -> Report:
    """Return what matters of a report: what a cluster holds may be without measure."""
    corrected = tuple(msgspec.structs.replace(each, fields=each.fields[:MOST]) for each in report.corrected[:MOST])
    return msgspec.structs.replace(
        report, corrected=corrected, failure=_short(report.failure), test_failure=_short(report.test_failure)
    )


def _short(failure: Failure | None) -> Failure | None:
    return failure and msgspec.structs.replace(failure, reason=failure.reason[:LONGEST])
