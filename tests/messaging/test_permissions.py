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
from slipway.messaging import subjects
from slipway.messaging.broker import BrokerError
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.permissions import API, AUDIT, SCHEDULER, chart_file, inbox, permissions
from tests.messaging.rights import (
    CLUSTERS,
    DEPLOYMENT,
    EVENTS,
    EVERYBODY,
    HEARS,
    JOBS,
    NORTH,
    PUBLISHES,
    REPORTS,
    SOUTH,
    TRIED_HEARING,
    TRIED_PUBLISHING,
)
from tests.support import servers


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Nats]:
    state = servers.state_folder()
    server = await start_nats(state, clusters=CLUSTERS)
    async with connected(server, SCHEDULER) as scheduler:
        await scheduler.ensure_topology(CLUSTERS)
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
        assert {each for each in TRIED_PUBLISHING if not await refusals.of("publish", each)} == PUBLISHES[user]
        assert {each for each in TRIED_HEARING if not await refusals.of("subscribe", each)} == HEARS[user]


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
@pytest.mark.parametrize("tried", [TRIED_PUBLISHING, TRIED_HEARING], ids=["publish", "hear"])
def test_every_subject_of_ours_is_tried(pattern: str, tried: set[str]):
    """A new one without a word about who may use it fails here."""
    wanted = re.compile(re.escape(pattern).replace(r"\*", r"[^.*]+").replace(">", r"[^*]+"))
    assert any(wanted.fullmatch(subject) for subject in tried)


def test_no_right_is_left_untried():
    for user, rights in permissions(CLUSTERS).items():
        for granted, table in ((rights.publish, PUBLISHES), (rights.subscribe, HEARS)):
            for pattern in granted:
                wanted = re.compile(re.escape(pattern).replace(r"\*", r"[^.]+").replace(">", r".+"))
                assert any(wanted.fullmatch(subject) for subject in table[user]), (user, pattern)


def test_the_charts_file_says_the_same():
    path = Path(__file__).resolve().parents[2] / "deploy/helm/slipway/files/nats-permissions.json"
    assert path.read_bytes() == chart_file(), f"python -m slipway.messaging.permissions > {path}"
