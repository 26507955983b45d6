"""Who may do what on NATS: each user is denied, by the real server, what is another's."""

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from slipway.dev.nats import OPERATOR, Nats, start_nats, stop_nats
from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.broker import BrokerError
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.permissions import API, AUDIT, SCHEDULER, chart_file, executor_user, inbox, permissions
from slipway.messaging.topology import PROJECTOR
from tests.support import servers

JOBS, REPORTS, EVENTS = subjects.JOBS_STREAM, subjects.REPORTS_STREAM, subjects.EVENTS_STREAM
NORTH, SOUTH = executor_user("north"), executor_user("south")
EVERYBODY = (API, SCHEDULER, AUDIT, NORTH, SOUTH)
DEPLOYMENT = new_id()

PUBLISHERS = {
    subjects.WAKE: {API},
    subjects.jobs("north"): {SCHEDULER},
    subjects.claim("north"): {NORTH},
    subjects.beat("north"): {NORTH},
    subjects.reserve("north"): {NORTH},
    subjects.keep("north"): {NORTH},
    subjects.kept("north"): {NORTH},
    subjects.control("north"): {SCHEDULER},
    subjects.report("north", DEPLOYMENT): {NORTH},
    subjects.progress("north", DEPLOYMENT): {NORTH},
    subjects.query("north", "logs"): {API, SCHEDULER},
    subjects.follow("north", "token"): {NORTH},
    f"{subjects.follow('north', 'token')}.alive": {NORTH},
    subjects.events(DEPLOYMENT): {SCHEDULER},
    f"{inbox(SCHEDULER)}.x": set[str](),
    f"$JS.API.CONSUMER.MSG.NEXT.{JOBS}.{subjects.jobs_consumer('north')}": {NORTH},
    f"$JS.API.CONSUMER.MSG.NEXT.{REPORTS}.{PROJECTOR}": {SCHEDULER},
    f"$JS.ACK.{JOBS}.{subjects.jobs_consumer('north')}.1.1.1.1.0": {NORTH},
    f"$JS.ACK._.hash.{JOBS}.{subjects.jobs_consumer('north')}.1.1.1.1.0": {NORTH},
    f"$JS.API.STREAM.CREATE.{JOBS}": {SCHEDULER},
    f"$JS.API.STREAM.UPDATE.{JOBS}": set[str](),
    f"$JS.API.STREAM.UPDATE.{EVENTS}": set[str](),
    f"$JS.API.STREAM.DELETE.{EVENTS}": set[str](),
    f"$JS.API.STREAM.PURGE.{EVENTS}": set[str](),
    f"$JS.API.STREAM.MSG.DELETE.{EVENTS}": set[str](),
    f"$JS.API.STREAM.MSG.GET.{EVENTS}": {API, SCHEDULER, AUDIT},
    f"$JS.API.STREAM.MSG.GET.{JOBS}": set[str](),
    f"$JS.API.CONSUMER.CREATE.{EVENTS}": {API, AUDIT},
    f"$JS.API.CONSUMER.CREATE.{JOBS}": set[str](),
    f"$JS.API.CONSUMER.CREATE.{JOBS}.mine": set[str](),
    f"$JS.API.CONSUMER.CREATE.{REPORTS}.{PROJECTOR}.{subjects.REPORTS_ALL}": set[str](),
    f"$JS.API.CONSUMER.DURABLE.CREATE.{JOBS}.{subjects.jobs_consumer('north')}": {SCHEDULER},
    f"$JS.API.CONSUMER.DURABLE.CREATE.{REPORTS}.{PROJECTOR}": {SCHEDULER},
    f"$JS.API.CONSUMER.DURABLE.CREATE.{REPORTS}.mine": set[str](),
    f"$JS.API.CONSUMER.DURABLE.CREATE.{EVENTS}.mine": set[str](),
    f"$JS.API.CONSUMER.INFO.{EVENTS}.mine": set[str](),
    f"$JS.API.CONSUMER.DELETE.{REPORTS}.{PROJECTOR}": set[str](),
    "$SYS.REQ.SERVER.PING": set[str](),
    "anything.else": set[str](),
}
LISTENERS = {
    subjects.WAKE: {SCHEDULER},
    subjects.CLAIM_ALL: {SCHEDULER},
    subjects.claim("north"): {SCHEDULER},
    subjects.control("north"): {NORTH},
    subjects.queries("north"): {NORTH},
    subjects.jobs("north"): set[str](),
    subjects.REPORTS_ALL: set[str](),
    subjects.EVENTS_ALL: {AUDIT},
    subjects.FOLLOW_ALL: {API},
    subjects.follow("north", "token"): {API},
    f"{subjects.follow('north', 'token')}.alive": {API},
    subjects.PROGRESS_ALL: {API},
    subjects.progress("north", DEPLOYMENT): {API},
    subjects.beat("north"): {SCHEDULER},
    subjects.reserve("north"): {SCHEDULER},
    subjects.keep("north"): {SCHEDULER},
    subjects.kept("north"): {SCHEDULER},
    subjects.query("north", "logs"): {NORTH},
    subjects.report("north", DEPLOYMENT): set[str](),
    subjects.events(DEPLOYMENT): {AUDIT},
    f"{inbox(NORTH)}.>": {NORTH},
    f"{inbox(API)}.>": {API},
    "_INBOX.>": set[str](),
    "$JS.ACK.>": set[str](),
    ">": set[str](),
}


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Nats]:
    state = servers.state_folder()
    server = await start_nats(state, clusters=("north", "south"))
    async with connected(server, SCHEDULER) as scheduler:
        await scheduler.ensure_topology(["north", "south"])
    yield server
    await stop_nats(state, server)
    shutil.rmtree(state, ignore_errors=True)


@asynccontextmanager
async def connected(server: Nats, user: str) -> AsyncGenerator[JetStreamBroker]:
    broker = JetStreamBroker(server.url_of(user), name=user, ca=str(server.ca))
    try:
        await asyncio.wait_for(broker.wait_connected(), 30)
        yield broker
    finally:
        await broker.close()


class Refusals:
    """What the server says to one connection."""

    def __init__(self, broker: JetStreamBroker) -> None:
        self._client = broker._client
        self.told: list[str] = []

        async def note(error: Exception) -> None:
            self.told.append(str(error).lower())

        self._client._error_cb = note

    async def of(self, action: str, subject: str) -> bool:
        """Try it; tell whether the server refused. A round trip later its word has come, if it has one."""
        self.told.clear()
        if action == "publish":
            await self._client.publish(subject, b"{}")
        else:
            with contextlib.suppress(Exception):
                await self._client.subscribe(subject)
        await self._client.flush(30)
        await self._client.flush(30)
        return any("permissions violation" in each for each in self.told)


@pytest.mark.parametrize("user", EVERYBODY)
async def test_each_user_publishes_and_hears_its_own_subjects_and_no_other(server: Nats, user: str):
    async with connected(server, user) as broker:
        refusals = Refusals(broker)
        may_publish = {each for each in PUBLISHERS if not await refusals.of("publish", each)}
        may_hear = {each for each in LISTENERS if not await refusals.of("subscribe", each)}
    assert may_publish == {subject for subject, users in PUBLISHERS.items() if user in users}
    assert may_hear == {subject for subject, users in LISTENERS.items() if user in users}


async def test_a_stranger_and_a_wrong_password_get_no_connection(server: Nats):
    right = server.url_of(API)
    for url in (f"tls://127.0.0.1:{server.port}", right.replace("@", "x@"), right.replace("tls:", "nats:")):
        broker = JetStreamBroker(url, name="stranger", ca=str(server.ca) if url.startswith("tls") else "")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(broker.wait_connected(), 2)
        await broker.close()


async def test_a_server_with_another_authority_is_not_trusted(server: Nats):
    broker = JetStreamBroker(server.url_of(API), name="careful")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(broker.wait_connected(), 2)
    await broker.close()


async def test_an_executor_cannot_take_another_clusters_job(server: Nats):
    async with (
        connected(server, SCHEDULER) as scheduler, connected(server, NORTH) as north, connected(server, SOUTH) as south,
    ):  # fmt: skip
        await scheduler.publish(subjects.jobs("north"), b"secret", message_id="n:1")
        with contextlib.suppress(BrokerError):
            assert await south.fetch(JOBS, subjects.jobs_consumer("north"), batch=1, timeout=1) == []
        with pytest.raises(BrokerError):
            await south.publish(subjects.report("north", DEPLOYMENT), b"{}", message_id="r:1", timeout=1)
        [delivery] = await north.fetch(JOBS, subjects.jobs_consumer("north"), batch=1, timeout=10)
        await delivery.ack()


async def test_a_reader_of_events_leaves_nothing_behind_and_makes_nothing_that_lasts(server: Nats):
    async with connected(server, SCHEDULER) as scheduler, connected(server, AUDIT) as audit:
        last = await scheduler.last_message(EVENTS)
        await scheduler.publish_expecting(
            subjects.events(None), b"told", message_id=f"e:{last.sequence}", last_sequence=last.sequence
        )
        async for delivery in audit.read_stream(EVENTS, start_sequence=last.sequence + 1):
            assert delivery.data == b"told"
            break
        config = {"durable_name": "mine", "ack_policy": "explicit", "deliver_subject": f"{inbox(AUDIT)}.x"}
        ask = msgspec.json.encode({"stream_name": EVENTS, "config": config})
        answer = await audit.request(f"$JS.API.CONSUMER.CREATE.{EVENTS}", ask, timeout=10)
        assert b"ephemeral" in answer
        assert b"error" in answer


async def test_an_answer_is_heard_by_its_asker_only(server: Nats):
    async def answer(_: str, __: bytes) -> bytes:
        return b"ok"

    async with (
        connected(server, SCHEDULER) as scheduler,
        connected(server, NORTH) as north,
        scheduler.respond(subjects.CLAIM_ALL, answer, group="schedulers"),
    ):
        assert await north.request(subjects.claim("north"), b"{}", timeout=10) == b"ok"


async def test_the_operator_is_no_user_of_a_service(server: Nats):
    async with connected(server, OPERATOR) as operator:
        assert set(await operator.stream_names()) == {JOBS, REPORTS, EVENTS}


OURS = sorted({value for name, value in vars(subjects).items() if name.isupper() and str(value).startswith("slipway.")})


@pytest.mark.parametrize("pattern", OURS)
@pytest.mark.parametrize("matrix", [PUBLISHERS, LISTENERS], ids=["publish", "hear"])
def test_every_subject_of_ours_is_tried(pattern: str, matrix: dict[str, set[str]]):
    """A new one without a word about who may use it fails here."""
    wanted = re.compile(re.escape(pattern).replace(r"\*", r"[^.*]+").replace(">", r"[^*]+"))
    assert any(wanted.fullmatch(subject) for subject in matrix)


def test_no_right_to_a_subject_of_ours_is_left_untried():
    rights = permissions(["north"]).values()
    for granted, matrix in (
        ({each for right in rights for each in right.publish}, PUBLISHERS),
        ({each for right in rights for each in right.subscribe}, LISTENERS),
    ):
        for pattern in sorted(each for each in granted if each.startswith("slipway.")):
            wanted = re.compile(re.escape(pattern).replace(r"\*", r"[^.]+").replace(">", r".+"))
            assert any(wanted.fullmatch(subject) for subject in matrix), pattern


def test_the_charts_file_says_the_same():
    path = Path(__file__).resolve().parents[2] / "deploy/helm/slipway/files/nats-permissions.json"
    assert path.read_bytes() == chart_file(), f"python -m slipway.messaging.permissions > {path}"
