"""What every broker adapter does: one suite, run over memory and over a real NATS server."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.broker import BrokerUnavailable, MessageTooLarge, NoResponders, SequenceMismatch, StreamMissing
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.memory import MemoryBroker
from tests.support.servers import NatsAddress

Adapter = JetStreamBroker | MemoryBroker
CONSUMER = subjects.jobs_consumer("local")
JOBS, EVENTS = subjects.JOBS_STREAM, subjects.EVENTS_STREAM


@pytest.fixture(params=["memory", "jetstream"])
async def adapter(request: pytest.FixtureRequest, broker: JetStreamBroker) -> AsyncIterator[Adapter]:
    if request.param == "memory":
        memory = MemoryBroker()
        await memory.ensure_topology(["local"])
        yield memory
    else:
        yield broker


async def test_a_published_message_is_fetched_once_and_gone_when_acknowledged(adapter: Adapter):
    await adapter.publish(subjects.jobs("local"), b"one", message_id="j:1")
    [delivery] = await adapter.fetch(JOBS, CONSUMER, batch=5, timeout=2)
    assert (delivery.subject, delivery.data, delivery.sequence) == (subjects.jobs("local"), b"one", 1)
    assert await adapter.fetch(JOBS, CONSUMER, batch=5, timeout=0.3) == []
    await delivery.ack()
    assert await adapter.fetch(JOBS, CONSUMER, batch=5, timeout=0.3) == []


async def test_a_repeated_id_is_a_success_and_stores_nothing(adapter: Adapter):
    for _ in range(3):
        await adapter.publish(subjects.jobs("local"), b"one", message_id="j:1")
    assert len(await adapter.fetch(JOBS, CONSUMER, batch=5, timeout=2)) == 1


async def test_a_message_that_is_too_large_is_told_as_that(adapter: Adapter):
    with pytest.raises(MessageTooLarge):
        await adapter.publish(subjects.jobs("local"), bytes(9 * 2**20), message_id="j:1")
    await adapter.publish(subjects.jobs("local"), bytes(7 * 2**20), message_id="j:1")
    assert len(await adapter.fetch(JOBS, CONSUMER, batch=5, timeout=10)) == 1


async def test_a_message_that_was_given_back_comes_again(adapter: Adapter):
    await adapter.publish(subjects.jobs("local"), b"one", message_id="j:1")
    [first] = await adapter.fetch(JOBS, CONSUMER, batch=1, timeout=2)
    await first.nak()
    [second] = await adapter.fetch(JOBS, CONSUMER, batch=1, timeout=5)
    assert second.data == b"one"
    await second.term()
    assert await adapter.fetch(JOBS, CONSUMER, batch=1, timeout=0.3) == []


async def test_fetch_waits_for_a_message_that_comes_later(adapter: Adapter):
    fetching = asyncio.create_task(adapter.fetch(JOBS, CONSUMER, batch=3, timeout=10))
    await asyncio.sleep(0)
    await adapter.publish(subjects.jobs("local"), b"late", message_id="j:2")
    assert [delivery.data for delivery in await fetching] == [b"late"]


async def test_two_fetchers_share_messages_without_doubles(adapter: Adapter):
    for number in range(10):
        await adapter.publish(subjects.jobs("local"), str(number).encode(), message_id=f"j:{number}")
    found = await asyncio.gather(*(adapter.fetch(JOBS, CONSUMER, batch=5, timeout=2) for _ in range(2)))
    data = [delivery.data for each in found for delivery in each]
    assert len(data) == len(set(data))


async def test_expected_sequence_lets_one_publisher_through(adapter: Adapter):
    first = await adapter.publish_expecting(subjects.events(None), b"a", message_id="1-1", last_sequence=0)
    assert first == 1
    with pytest.raises(SequenceMismatch):
        await adapter.publish_expecting(subjects.events(None), b"b", message_id="1-2", last_sequence=0)
    assert await adapter.publish_expecting(subjects.events(None), b"b", message_id="1-2", last_sequence=1) == 2
    point = await adapter.last_message(EVENTS)
    assert (point.sequence, point.data) == (2, b"b")


async def test_an_empty_stream_has_no_last_message(adapter: Adapter):
    point = await adapter.last_message(EVENTS)
    assert (point.sequence, point.data) == (0, None)


async def test_a_stream_is_followed_in_order_from_any_sequence(adapter: Adapter):
    for number in range(1, 6):
        await adapter.publish(subjects.events(new_id()), str(number).encode(), message_id=f"1-{number}")
    seen: list[bytes] = []
    async for delivery in adapter.read_stream(EVENTS, start_sequence=3):
        seen.append(delivery.data)
        if len(seen) == 3:
            break
    assert seen == [b"3", b"4", b"5"]


async def test_a_reader_that_is_slower_than_its_stream_misses_nothing(broker: JetStreamBroker, nats: NatsAddress):
    """Row 17: its buffer overflows again and again, and the client library drops what does not fit."""
    count, drops = 300, 0
    reader = JetStreamBroker(nats.url, name="slow", ca=nats.ca, unread=20)
    await reader.wait_connected()
    noted = reader._following.dropped

    def counted() -> None:
        nonlocal drops
        drops += 1
        noted()

    reader._following.dropped = counted
    for number in range(count):
        await broker.publish(subjects.events(None), str(number).encode(), message_id=f"1-{number}")
    seen: list[int] = []
    async with asyncio.timeout(60):
        async for delivery in reader.read_stream(EVENTS, start_sequence=1):
            seen.append(int(delivery.data))
            if len(seen) == 1:
                while not drops:  # it reads nothing until something was dropped
                    await asyncio.sleep(0)
            if len(seen) == count:
                break
    await reader.close()
    assert drops
    assert seen == list(range(count))


async def test_requests_are_answered_by_one_of_a_group(adapter: Adapter):
    answered: list[str] = []

    async def responder(subject: str, data: bytes) -> bytes:
        answered.append(subject)
        return b"re:" + data

    async with (
        adapter.respond(subjects.CLAIM_ALL, responder, group="g"),
        adapter.respond(subjects.CLAIM_ALL, responder, group="g"),
    ):
        assert await adapter.request(subjects.claim("local"), b"x", timeout=2) == b"re:x"
    assert answered == [subjects.claim("local")]


async def test_a_request_that_nobody_serves_says_so(adapter: Adapter):
    with pytest.raises(NoResponders):
        await adapter.request(subjects.claim("local"), b"x", timeout=2)


async def test_core_messages_reach_listeners_and_are_lost_without(adapter: Adapter):
    heard = asyncio.Event()

    async def listener(subject: str, data: bytes) -> None:
        heard.set()

    await adapter.send(subjects.WAKE, b"")
    async with adapter.listen(subjects.WAKE, listener):
        await adapter.send(subjects.WAKE, b"")
        await asyncio.wait_for(heard.wait(), 5)


async def test_a_deleted_stream_is_reported_and_can_be_made_again(adapter: Adapter):
    await adapter.delete_stream(JOBS)
    with pytest.raises(StreamMissing):
        await adapter.publish(subjects.jobs("local"), b"x", message_id="j:9")
    with pytest.raises(StreamMissing):
        await adapter.fetch(JOBS, CONSUMER, batch=1, timeout=1)
    await adapter.ensure_topology(["local"])
    await adapter.publish(subjects.jobs("local"), b"x", message_id="j:9")
    assert len(await adapter.fetch(JOBS, CONSUMER, batch=1, timeout=2)) == 1


async def test_a_closed_broker_refuses_at_once(adapter: Adapter):
    await adapter.close()
    with pytest.raises(BrokerUnavailable):
        await adapter.publish(subjects.jobs("local"), b"x", message_id="j:1")


async def test_a_broker_without_a_server_starts_and_refuses(unused_tcp_port: int):
    broker = JetStreamBroker(f"nats://127.0.0.1:{unused_tcp_port}", name="test")
    assert not broker.connected
    with pytest.raises(BrokerUnavailable):
        await broker.last_message(EVENTS)
    await broker.send(subjects.WAKE, b"")
    await broker.close()


@pytest.mark.parametrize("name", ["a.b", "*", ">", "", "A", "-a", "a b", "x" * 64])
def test_a_cluster_name_never_becomes_more_than_one_token(name: str):
    """Row 53: subjects."""
    with pytest.raises(ValueError, match="DNS label"):
        subjects.jobs(name)
