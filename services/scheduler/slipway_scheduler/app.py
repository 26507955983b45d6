"""The scheduler's composition root: what talks to what, and how often."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial

from slipway import failpoints, loop, telemetry
from slipway.clock import SystemClock
from slipway.database.engine import Database
from slipway.database.stuck import INTERVAL_SEC as STUCK_LOOK_SEC
from slipway.database.stuck import end_stuck
from slipway.domain.charts import Registries
from slipway.domain.jobs import RetryPolicy
from slipway.health import Check, serve
from slipway.identity import new_id
from slipway.lifecycle import Ticker, first_of, stop_signal
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, StreamMissing, connection_check
from slipway.messaging.jetstream import JetStreamBroker
from slipway.settings import SettingsError, load, warn_of_unknown
from slipway.telemetry import tracing
from slipway.telemetry.pool import tell_pool
from slipway_scheduler.archives import Archives
from slipway_scheduler.claims import Claims
from slipway_scheduler.cleaning import INTERVAL_SEC as CLEANING_SEC
from slipway_scheduler.cleaning import Cleaning
from slipway_scheduler.commands import build
from slipway_scheduler.dispatcher import Dispatcher
from slipway_scheduler.drift import INTERVAL_SEC as DRIFT_SEC
from slipway_scheduler.drift import DriftScan
from slipway_scheduler.expiry import INTERVAL_SEC as EXPIRY_SEC
from slipway_scheduler.expiry import Expiry
from slipway_scheduler.kept_leases import INTERVAL_SEC as KEPT_LEASES_SEC
from slipway_scheduler.kept_leases import KeptLeases
from slipway_scheduler.measuring import INTERVAL_SEC as MEASURING_SEC
from slipway_scheduler.measuring import Measuring
from slipway_scheduler.projector import Projector
from slipway_scheduler.relay import Relay
from slipway_scheduler.reservations import Reservations
from slipway_scheduler.rollouts import INTERVAL_SEC as ROLLOUTS_SEC
from slipway_scheduler.rollouts import Rollouts
from slipway_scheduler.settings import SchedulerSettings
from slipway_scheduler.sweep import Sweep
from slipway_scheduler.topology import INTERVAL_SEC as TOPOLOGY_SEC
from slipway_scheduler.topology import Topology

GROUP = "schedulers"
POLL_SEC = 1.0
APART_SEC = 0.01
"""Between passes of the loops that are woken by each commit: at most a hundred a second, each of which takes all there is."""
STRETCH = 4
"""Times as far apart do passes lease that had so many jobs; whoever reads the feed is not kept waiting for that."""


def main() -> None:
    """Run one scheduler until a signal stops it."""
    telemetry.start("scheduler", os.environ)
    try:
        warn_of_unknown(SchedulerSettings, os.environ)
        settings = load(SchedulerSettings, os.environ)
    except SettingsError as error:
        sys.exit(f"slipway-scheduler: {error}")
    failpoints.arm(settings.failpoints)
    loop.run(_serve(settings))


async def _serve(settings: SchedulerSettings) -> None:
    database = Database.connect(
        settings.database_url, service="scheduler", pool_size=settings.database_connections, max_overflow=0
    )
    broker = JetStreamBroker(settings.nats_url, name="slipway-scheduler", ca=settings.nats_ca)
    tell_pool(database)
    stop = stop_signal()
    try:
        await run(settings, database, broker, stop)
    finally:
        await broker.close()
        await database.close()
        tracing.close()


async def run(settings: SchedulerSettings, database: Database, broker: Broker, stop: asyncio.Event) -> None:
    """Run all loops of a scheduler until `stop` is set."""
    clock, policy = SystemClock(), RetryPolicy()
    relay = Relay(database, broker)

    def committed() -> None:
        relaying.wake()
        dispatching.wake()

    projector = Projector(database, broker, policy, committed=committed)
    building = partial(
        build, registries=Registries.parse(settings.registries), quota=settings.quota, attempts=policy.attempts
    )
    dispatcher = Dispatcher(database, broker, building, name=f"scheduler-{new_id()}", refuse=projector.refuse)
    streams = Topology(database, broker)
    topology = Ticker(streams.run_once, interval=TOPOLOGY_SEC, name="topology")
    dispatching = Ticker(
        _healing(dispatcher.run_once, topology), interval=POLL_SEC, apart=APART_SEC, stretch=STRETCH, name="dispatcher"
    )
    relaying = Ticker(_healing(relay.run_once, topology), interval=POLL_SEC, apart=APART_SEC, name="relay")
    projecting = Ticker(_healing(projector.run_once, topology), interval=0.0, name="projector")
    sweep = Sweep(database, broker, policy, clock, silence_sec=settings.silence_sec, committed=committed)
    sweeping = Ticker(sweep.run_once, interval=sweep.interval_sec, name="sweep")
    scan = DriftScan(database, broker, every_sec=settings.drift_scan_sec, committed=committed)
    scanning = Ticker(scan.run_once, interval=DRIFT_SEC, name="drift")
    expiring = Ticker(Expiry(database, committed=committed).run_once, interval=EXPIRY_SEC, name="expiry")
    rolling_out = Ticker(Rollouts(database, committed=committed).run_once, interval=ROLLOUTS_SEC, name="rollouts")
    cleaning = Ticker(Cleaning(database).run_once, interval=CLEANING_SEC, name="cleaning")
    forgetting = Ticker(KeptLeases(database, broker).run_once, interval=KEPT_LEASES_SEC, name="kept leases")
    measuring = Ticker(Measuring(database, relay).run_once, interval=MEASURING_SEC, name="measuring")
    unsticking = Ticker(partial(end_stuck, database), interval=STUCK_LOOK_SEC, name="stuck sessions")
    tickers = (
        unsticking,
        measuring,
        topology,
        dispatching,
        relaying,
        projecting,
        sweeping,
        scanning,
        expiring,
        rolling_out,
        cleaning,
        forgetting,
    )

    checks: dict[str, Check] = {
        "database": database.ping,
        "nats": connection_check(broker),
        "streams": streams.check,
        "relay": relay.check,
    }
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(checks, host=settings.http_host, port=settings.http_port, stop=stop))
        claims, reservations = Claims(database, committed=relaying.wake), Reservations(database, default=settings.quota)
        answers = partial(_answer, broker, claims, Archives(database), reservations, committed, stop)
        tasks.create_task(Ticker(answers, interval=0.0, name="answers").run(stop))
        for ticker in tickers:
            tasks.create_task(ticker.run(stop))


async def _answer(
    broker: Broker,
    claims: Claims,
    archives: Archives,
    reservations: Reservations,
    woken: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    """Answer until `stop` is set; what NATS refuses meanwhile is raised, to be begun anew."""

    async def wake(subject: str, data: bytes) -> None:  # noqa: ARG001 - a listener's signature
        woken()

    async def answering() -> None:
        async with (
            broker.respond(subjects.CLAIM_ALL, claims.claim, group=GROUP),
            broker.respond(subjects.BEAT_ALL, claims.beat, group=GROUP),
            broker.respond(subjects.RESERVE_ALL, reservations.reserve, group=GROUP),
            broker.respond(subjects.KEEP_ALL, archives.keep, group=GROUP),
            broker.respond(subjects.KEPT_ALL, archives.kept, group=GROUP),
            broker.listen(subjects.WAKE, wake),
        ):
            await stop.wait()

    await first_of(answering(), stop.wait())  # NATS may not be there yet when it is time to stop


def _healing(run_once: Callable[[], Awaitable[object]], topology: Ticker) -> Callable[[], Awaitable[object]]:
    """Return the pass, asking for streams to be made again when it finds one missing."""

    async def healed() -> object:
        try:
            return await run_once()
        except StreamMissing:
            topology.wake()
            raise

    return healed
