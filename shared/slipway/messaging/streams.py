"""What streams and consumers exist. Retention is short: PostgreSQL holds what matters, and streams can be made again."""

from collections.abc import Sequence

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from slipway.messaging import subjects
from slipway.messaging.topology import PROJECTOR

ACK_WAIT_SEC = 30.0
MAX_ACK_PENDING = 20_000
DEDUPE_WINDOW_SEC = 120.0

STREAMS = (
    StreamConfig(
        name=subjects.JOBS_STREAM,
        subjects=[subjects.JOBS_ALL],
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        discard_new_per_subject=True,
        max_msgs_per_subject=10_000,
        max_age=600.0,
        duplicate_window=DEDUPE_WINDOW_SEC,
    ),
    StreamConfig(
        name=subjects.REPORTS_STREAM,
        subjects=[subjects.REPORTS_ALL],
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_bytes=1 << 30,
        duplicate_window=DEDUPE_WINDOW_SEC,
    ),
    StreamConfig(
        name=subjects.EVENTS_STREAM,
        subjects=[subjects.EVENTS_ALL],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_bytes=4 << 30,
        max_age=30 * 86400.0,
        duplicate_window=DEDUPE_WINDOW_SEC,
    ),
)


async def ensure(jetstream: JetStreamContext, clusters: Sequence[str]) -> None:
    """Make the streams and consumers that are missing; leave those that exist."""
    for config in STREAMS:
        try:
            await jetstream.stream_info(str(config.name))
        except NotFoundError:
            await jetstream.add_stream(config)
    await _ensure_consumer(jetstream, subjects.REPORTS_STREAM, PROJECTOR, subjects.REPORTS_ALL)
    for cluster in clusters:
        name = subjects.jobs_consumer(cluster)
        await _ensure_consumer(jetstream, subjects.JOBS_STREAM, name, subjects.jobs(cluster))


async def _ensure_consumer(jetstream: JetStreamContext, stream: str, name: str, subject: str) -> None:
    try:
        await jetstream.consumer_info(stream, name)
    except NotFoundError:
        await jetstream.add_consumer(
            stream,
            ConsumerConfig(
                durable_name=name,
                filter_subject=subject,
                ack_policy=AckPolicy.EXPLICIT,
                deliver_policy=DeliverPolicy.ALL,
                ack_wait=ACK_WAIT_SEC,
                max_ack_pending=MAX_ACK_PENDING,
                max_deliver=-1,
            ),
        )
