"""A whole scheduler answers executors again after NATS refused to let it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from slipway.database.engine import Database
from slipway.dev.ports import free_port
from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.broker import BrokerError, BrokerUnavailable, Responder
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import Beat, encode
from slipway_scheduler.app import run
from slipway_scheduler.settings import SchedulerSettings
from tests.e2e.watching import eventually


class Refusing(MemoryBroker):
    """Lost its connection while it was told what is answered."""

    refusals = 2

    @asynccontextmanager
    async def respond(self, subject: str, responder: Responder, *, group: str) -> AsyncGenerator[None]:
        if subject == subjects.BEAT_ALL and self.refusals:
            self.refusals -= 1
            raise BrokerUnavailable("no pong")
        async with super().respond(subject, responder, group=group):
            yield


async def test_it_answers_again_after_nats_refused_to(scheduler_database: Database):
    broker, stop = Refusing(), asyncio.Event()
    settings = SchedulerSettings(database_url="", nats_url="", http_port=free_port())
    beat = encode(Beat(instance=f"executor-{new_id()}", cluster="local", version="1", slots=4, free=4))

    async def answered() -> bytes | None:
        try:
            return await broker.request(subjects.beat("local"), beat, timeout=10)
        except BrokerError:
            return None

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(settings, scheduler_database, broker, stop))
        assert await eventually(answered, "a beat is answered")
        stop.set()
    assert broker.refusals == 0
