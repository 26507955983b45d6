"""Has executors remove the Leases of deployments that were deleted a week ago: the database says which."""

import asyncio
from uuid import UUID

import msgspec
import structlog

from slipway.database.engine import Database
from slipway.database.queries import kept_leases
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError
from slipway.messaging.messages import encode
from slipway.messaging.queries import LEASES, ForgetLeases, ForgottenLeases

log = structlog.get_logger()

INTERVAL_SEC = 60.0
PER_PASS = 100
"""Leases of one cluster that are removed in a pass."""
TIMEOUT_SEC = 30.0


class KeptLeases:
    def __init__(self, database: Database, broker: Broker) -> None:
        self._database = database
        self._broker = broker

    async def run_once(self) -> int:
        """Return how many were removed. A cluster whose executors do not answer is asked again the next time."""
        if not self._broker.connected:
            return 0
        async with self._database.reading() as session:
            over = await kept_leases.over(session, each=PER_PASS)
        return sum(await asyncio.gather(*(self._forget(cluster, found) for cluster, found in over.items())))

    async def _forget(self, cluster: str, deployments: list[UUID]) -> int:
        question = encode(ForgetLeases(deployments=tuple(deployments)))
        try:
            raw = await self._broker.request(subjects.query(cluster, LEASES), question, timeout=TIMEOUT_SEC)
        except BrokerError:
            return 0
        answer = msgspec.json.decode(raw, type=ForgottenLeases)
        if answer.failure:
            log.info("leases_kept", cluster=cluster, code=answer.failure.code)
        async with self._database.writing() as session:
            await kept_leases.forgotten(session, answer.deployments)
        return len(answer.deployments)
