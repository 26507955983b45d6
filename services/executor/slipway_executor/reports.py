"""Reports of one job: numbered snapshots, published until NATS has stored them."""

import structlog

from slipway.clock import Clock
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError
from slipway.messaging.messages import Command, Report, encode, report_id

log = structlog.get_logger()

PAUSE_SEC = 1.0


class Reports:
    """The reports of one job and fence, in order."""

    def __init__(self, broker: Broker, clock: Clock, command: Command, instance: str) -> None:
        self._broker = broker
        self._clock = clock
        self._command = command
        self._instance = instance
        self._seq = 0

    def next(self, **fields: object) -> Report:
        """Return the next report of this job."""
        self._seq += 1
        command = self._command
        return Report(
            job=command.job,
            fence=command.fence,
            seq=self._seq,
            deployment=command.deployment,
            cluster=command.cluster,
            generation=command.generation,
            instance=self._instance,
            **fields,  # type: ignore[arg-type]
        )

    async def publish(self, report: Report) -> None:
        """Publish until it is stored. A lost acknowledgement is met by the message's id."""
        while True:
            try:
                await self._broker.publish(
                    subjects.report(report.cluster, report.deployment), encode(report), message_id=report_id(report)
                )
            except BrokerError as error:
                log.warning("report_not_stored", job=str(report.job), seq=report.seq, error=type(error).__name__)
                await self._clock.sleep(PAUSE_SEC)
            else:
                return
