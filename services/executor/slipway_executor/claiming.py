"""A command is read, claimed for this process alone, and its message settled."""

import contextlib
from collections.abc import Awaitable

import msgspec
import structlog

from slipway.failpoints import hit
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError, Delivery
from slipway.messaging.messages import Claim, ClaimAnswer, ClaimVerdict, Command, encode
from slipway.telemetry import tracing
from slipway_executor import metrics
from slipway_executor.asking import heard

log = structlog.get_logger()

ANSWER_SEC = 3.0
"""How long a scheduler has to answer."""
TRIES = 4
"""A claim whose answer comes late may have been granted: it is asked for again, by the same process, before the command
goes to another one, who would be refused. All within the time after which an unclaimed job is leased anew."""
NAK_SEC = 2.0


class Claiming:
    def __init__(self, broker: Broker, *, name: str, instance: str) -> None:
        """`name` is the cluster's, `instance` this process's own."""
        self._broker = broker
        self._name = name
        self._instance = instance

    async def read(self, delivery: Delivery) -> Command | None:
        """Return the command; one that cannot be read is never delivered again, and None."""
        try:
            return msgspec.json.decode(delivery.data, type=Command)
        except msgspec.DecodeError:
            log.error("command_unreadable", subject=delivery.subject, sequence=delivery.sequence)
            await settle(delivery.term())
            return None

    async def claim(self, delivery: Delivery, command: Command) -> bool:
        """Tell whether this process is the command's one claimant. Where nobody answers, it is delivered again."""
        hit("worker.received")
        wish = Claim(
            job=command.job, fence=command.fence, instance=self._instance, cluster=self._name,
            traceparent=tracing.traceparent(),
        )  # fmt: skip
        raw = await heard(self._broker, subjects.claim(self._name), encode(wish), timeout=ANSWER_SEC, tries=TRIES)
        verdict = _verdict(raw)
        if verdict is None:
            metrics.CLAIMS.labels("unanswered").inc()
            await settle(delivery.nak(NAK_SEC))
            return False
        hit("worker.claimed")
        metrics.CLAIMS.labels(verdict.value).inc()
        await settle(delivery.ack())
        hit("worker.acked")
        return verdict is ClaimVerdict.RUN


def _verdict(raw: bytes | None) -> ClaimVerdict | None:
    with contextlib.suppress(msgspec.DecodeError):
        return msgspec.json.decode(raw, type=ClaimAnswer).verdict if raw else None
    return None


async def settle(settling: Awaitable[None]) -> None:
    """Settle a message. Where that is lost it is delivered again: the claim is repeated and answers the same."""
    try:
        await settling
    except BrokerError:
        log.info("settle_lost")
