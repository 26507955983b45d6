"""What `slipway events tail` runs: a subscriber on NATS that proves that it misses nothing."""

import asyncio
import os
from typing import Any

import msgspec

from slipway.cli.output import printable, say
from slipway.domain.events import CloudEvent
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError
from slipway.messaging.jetstream import JetStreamBroker

CONNECT_SEC = 10.0


class Completeness:
    """Follows positions: gapless within an epoch, from 1 again in the next one."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    def gap(self, event: CloudEvent) -> str | None:
        """Return what is missing before this event, or None."""
        last, self._last = self._last, (event.slipwayepoch, event.slipwaypos)
        if last is None or self._last == (last[0], last[1] + 1) or event.slipwayepoch > last[0]:
            return None
        return f"after {last[0]}-{last[1]} came {event.slipwayepoch}-{event.slipwaypos}"


async def run(url: str, *, from_start: bool, count: int) -> int:
    """Print events until `count` were seen; return the exit code: 1 when one is missing or NATS does not answer."""
    broker = JetStreamBroker(url, name="slipway-events-tail", ca=os.environ.get("NATS_CA", ""))
    try:
        await asyncio.wait_for(broker.wait_connected(), CONNECT_SEC)
        start = 1 if from_start else (await broker.last_message(subjects.EVENTS_STREAM)).sequence + 1
        return await follow(broker, start, count)
    except (BrokerError, TimeoutError) as error:
        say(f"slipway: NATS does not answer ({error or 'timeout'})")
        return 1
    finally:
        await broker.close()


async def follow(broker: Broker, start: int, count: int) -> int:
    """Print events from a sequence on until `count` were seen; return the exit code."""
    completeness, seen = Completeness(), 0
    async for delivery in broker.read_stream(subjects.EVENTS_STREAM, start_sequence=start):
        event = msgspec.json.decode(delivery.data, type=CloudEvent)
        if missing := completeness.gap(event):
            say(f"slipway: events are missing: {missing}")
            return 1
        print(printable(_line(event)), flush=True)
        seen += 1
        if seen == count:
            return 0
    return 1


def _line(event: CloudEvent) -> str:
    data: dict[str, Any] = event.data
    what = data.get("reason") or data.get("status") or data.get("code") or ""
    return f"{event.slipwayepoch}-{event.slipwaypos} {event.time:%H:%M:%S} {event.type} {event.subject or ''} {what}".rstrip()
