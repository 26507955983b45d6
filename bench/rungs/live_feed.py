"""Rung f: a thousand clients follow the live feed of one API process; all are told in time, in little memory."""

import asyncio
import time
from collections.abc import Sequence

import msgspec

from bench import cpu, seeds
from bench.figures import Figure, Result, Say, in_turn
from bench.programs.sse_clients import Found
from bench.seeds import Account
from bench.servers import OURS, running
from bench.system import System, operator_url, system
from slipway.database.engine import Database
from slipway.database.queries import outbox
from slipway.domain.events import SYSTEM, Actor, EventType
from slipway.messaging import subjects
from slipway.messaging.jetstream import JetStreamBroker
from slipway_api.turns import STREAMS_OF_ONE

RUNG = "f"
PROGRAM = "bench.programs.sse_clients"
TELLER = Actor(kind=SYSTEM, id="bench")
ADMINS = 10
"""Clients that see every event; each of the others sees those of its own deployments."""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    runs: int = 5
    clients: int = 1_000
    per_sec: int = 100
    seconds: float = 8.0
    everything_runs: int = 3
    """Runs in which all clients are admins: every event goes to every client."""


TINY = Size(runs=1, clients=12, per_sec=20, seconds=0.5, everything_runs=0)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    found: Found
    expected: int
    """Deliveries of all events to all who may see them."""
    kib_per_client: float
    """By which the process is larger with all of them, after they were sent the events, than it was before the first."""
    peak_mib: float


class Feed:
    def __init__(self, standing: System, database: Database, broker: JetStreamBroker, size: Size) -> None:
        self._standing = standing
        self._database = database
        self._broker = broker
        self._size = size
        self._deployments = []
        self._people: list[Account] = []

    async def prepare(self) -> None:
        """Add a user with a deployment for each client."""
        version = await seeds.template(self._database)
        self._people = await seeds.accounts(self._database, self._size.clients, admins=ADMINS)
        self._deployments = [await seeds.deployment(self._database, each.user, version) for each in self._people]

    async def once(self, tokens: Sequence[str], seen_by: Sequence[int]) -> Round:
        """Have clients with these tokens follow a fresh process; `seen_by` is how many see an event of each user."""
        await self._standing.start_anew("api")
        api = self._standing.services["api"].pid
        log = self._standing.state / "log" / "clients.log"
        async with running(OURS, PROGRAM, log=log) as clients:
            if clients.stdin is None or clients.stdout is None:
                raise RuntimeError("the clients have no pipes")
            before = cpu.resident_mib(api)
            told = {"url": self._standing.api_url, "tokens": tokens}
            clients.stdin.write(msgspec.json.encode(told) + b"\n")
            async with asyncio.timeout(120):
                if not await clients.stdout.readline():
                    raise RuntimeError(f"the clients ended: {log.read_text()[-2000:]}")
            expected = await self._tell(seen_by)
            await asyncio.sleep(2.0)
            grown = cpu.resident_mib(api) - before
            clients.stdin.write(b"enough\n")
            async with asyncio.timeout(120):
                found = msgspec.json.decode(await clients.stdout.readline(), type=Found)
        return Round(
            found=found, expected=expected, kib_per_client=grown * 1024 / len(tokens), peak_mib=cpu.peak_mib(api)
        )  # fmt: skip

    async def own(self) -> Round:
        """Each client follows what it may see: its own; admins follow all."""
        seen_by = [ADMINS if number < ADMINS else ADMINS + 1 for number in range(len(self._people))]
        return await self.once([each.token for each in self._people], seen_by)

    async def everything(self) -> Round:
        """All clients are admins."""
        clients = min(len(self._people), ADMINS * STREAMS_OF_ONE)
        tokens = [self._people[number % ADMINS].token for number in range(clients)]
        return await self.once(tokens, [len(tokens)] * len(self._people))

    async def _tell(self, seen_by: Sequence[int]) -> int:
        """Write events at the wanted pace; return how many deliveries they make."""
        expected, begin = 0, time.monotonic()
        for number in range(int(self._size.per_sec * self._size.seconds)):
            await asyncio.sleep(max(0.0, begin + number / self._size.per_sec - time.monotonic()))
            chosen = number % len(self._deployments)
            async with self._database.writing() as session:
                await outbox.record(
                    session, EventType.DEPLOYMENT_READY, actor=TELLER, data={"status": "ready"},
                    deployment=self._deployments[chosen],
                )  # fmt: skip
            await self._broker.send(subjects.WAKE, b"")
            expected += seen_by[chosen]
        return expected


async def measure(size: Size, say: Say) -> Result:
    async with system(("api", "scheduler")) as standing:
        database = Database.connect(standing.dsn, service="bench")
        assert standing.nats is not None  # noqa: S101 - there is a scheduler
        broker = JetStreamBroker(operator_url(standing), name="bench", ca=str(standing.nats.ca))
        await broker.wait_connected()
        feed = Feed(standing, database, broker, size)
        say(f"adding {size.clients} users")
        await feed.prepare()
        found = await in_turn(size.runs, {"each client its own events": feed.own}, say)
        rounds = found["each client its own events"]
        flood = await in_turn(size.everything_runs, {"every event to every client": feed.everything}, say)
        await broker.close()
        await database.close()
    return Result(rung=RUNG, what=_what(size), figures=_figures(rounds, flood["every event to every client"]))


def _what(size: Size) -> str:
    return (
        f"{size.clients:,} clients of one API process, of them {ADMINS} admins who see all; {size.per_sec} events a second "
        f"for {size.seconds:g} s, {size.runs} runs, each of a fresh process; from the event's transaction to the client, "
        "through PostgreSQL and NATS"
    )


def _figures(rounds: list[Round], flood: list[Round]) -> list[Figure]:
    figures = [
        Figure(name="delay, p99", unit="ms", ours=[each.found.p99_ms for each in rounds], aim=500.0),
        Figure(name="delay, p50", unit="ms", ours=[each.found.p50_ms for each in rounds]),
        Figure(
            name="events that arrived", unit="%", ours=[_arrived(each) for each in rounds], better="more", aim=100.0
        ),
        Figure(name="memory for one client", unit="KiB", ours=[each.kib_per_client for each in rounds], aim=50.0),
        Figure(name="API, memory at most", unit="MiB", ours=[each.peak_mib for each in rounds]),
    ]
    if flood:
        sent = [each.found.received / (each.expected or 1) * 100 for each in flood]
        figures.append(Figure(name="every event to every client: arrived", unit="%", ours=sent, better="more"))
        delays = [each.found.p99_ms for each in flood]
        figures.append(Figure(name="every event to every client: delay, p99", unit="ms", ours=delays))
    return figures


def _arrived(each: Round) -> float:
    return 100.0 * each.found.received / each.expected
