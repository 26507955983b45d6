"""Asks schedulers what may be asked twice."""

import contextlib

from slipway.messaging.broker import Broker, BrokerError


async def heard(broker: Broker, subject: str, request: bytes, *, timeout: float, tries: int) -> bytes | None:
    """Return a scheduler's answer, None when none came in so many tries of `timeout` seconds each.

    One of them may stand still: who is asked next is another one as likely as not.
    """
    for _ in range(tries):
        with contextlib.suppress(BrokerError):
            return await broker.request(subject, request, timeout=timeout)
    return None
