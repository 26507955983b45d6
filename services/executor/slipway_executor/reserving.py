"""Asks the schedulers, before the first write of a release, whether its owner may have what it asks for."""

import msgspec

from slipway.clock import Clock
from slipway.domain.usage import Usage
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError
from slipway.messaging.messages import Command, Reserve, Reserved, encode
from slipway_executor.failing import terminal, transient

TIMEOUT_SEC = 5.0
PATIENCE_SEC = 30.0
"""A server that restarts is no reason for a deployment to show an error."""
AGAIN_SEC = 1.0


class Reserving:
    def __init__(self, broker: Broker, clock: Clock, *, cluster: str, instance: str) -> None:
        self._broker = broker
        self._clock = clock
        self._cluster = cluster
        self._instance = instance

    async def __call__(self, command: Command, usage: Usage) -> None:
        """OperationFailed when it is too much, or when nobody can say. What was granted already is not asked for again."""
        if command.granted and not usage.beyond(command.granted):
            return
        wish = Reserve(
            job=command.job, fence=command.fence, instance=self._instance, cluster=self._cluster, usage=usage
        )
        answer = await self._asked(encode(wish))
        if not answer.held:
            raise transient("lease_lost", "the job is another executor's by now")
        if answer.beyond:
            raise terminal("quota_exceeded", f"the user's quota does not allow it: {'; '.join(answer.beyond)}")

    async def _asked(self, wish: bytes) -> Reserved:
        until = self._clock.monotonic() + PATIENCE_SEC
        while True:
            try:
                raw = await self._broker.request(subjects.reserve(self._cluster), wish, timeout=TIMEOUT_SEC)
                return msgspec.json.decode(raw, type=Reserved)
            except (BrokerError, msgspec.DecodeError) as error:
                if self._clock.monotonic() >= until:
                    raise transient("quota_unknown", "no scheduler answers whether the quota allows it") from error
            await self._clock.sleep(AGAIN_SEC)
