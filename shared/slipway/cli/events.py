"""`slipway events tail`: a sample subscriber that proves that it misses nothing."""

import asyncio
import os
import sys
from typing import Any

import msgspec
from cyclopts import App

from slipway.domain.events import CloudEvent
from slipway.messaging import subjects
from slipway.messaging.broker import BrokerError
from slipway.messaging.jetstream import JetStreamBroker

app = App(name="events", help="The event feed.")

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


@app.command
def tail(*, from_start: bool = False, count: int = 0) -> None:
    """Print events as they come, a line each; exit code 1 when a position is missing.

    Parameters
    ----------
    from_start
        Begin with the oldest event that NATS still has.
    count
        End after so many events; 0 goes on until Ctrl-C.
    """
    url = os.environ.get("NATS_URL", "")
    if not url:
        sys.exit("slipway: NATS_URL is not set (source .slipway/env)")
    try:
        sys.exit(asyncio.run(_tail(url, from_start=from_start, count=count)))
    except KeyboardInterrupt:
        sys.exit(130)


async def _tail(url: str, *, from_start: bool, count: int) -> int:
    broker = JetStreamBroker(url, name="slipway-events-tail")
    try:
        await asyncio.wait_for(broker.wait_connected(), CONNECT_SEC)
        start = 1 if from_start else (await broker.last_message(subjects.EVENTS_STREAM)).sequence + 1
        return await _follow(broker, start, count)
    except (BrokerError, TimeoutError) as error:
        print(f"slipway: NATS does not answer ({error or 'timeout'})", file=sys.stderr)
        return 1
    finally:
        await broker.close()


async def _follow(broker: JetStreamBroker, start: int, count: int) -> int:
    completeness, seen = Completeness(), 0
    async for delivery in broker.read_stream(subjects.EVENTS_STREAM, start_sequence=start):
        event = msgspec.json.decode(delivery.data, type=CloudEvent)
        if missing := completeness.gap(event):
            print(f"slipway: events are missing: {missing}", file=sys.stderr)
            return 1
        print(_line(event), flush=True)
        seen += 1
        if seen == count:
            return 0
    return 1


def _line(event: CloudEvent) -> str:
    data: dict[str, Any] = event.data
    what = data.get("reason") or data.get("status") or data.get("code") or ""
    return f"{event.slipwayepoch}-{event.slipwaypos} {event.time:%H:%M:%S} {event.type} {event.subject or ''} {what}".rstrip()
