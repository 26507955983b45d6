"""What the live feed sends, as server-sent events: made once, and the same bytes go to all who may see it."""

import msgspec

from slipway.domain.events import CloudEvent, without_address
from slipway.messaging.messages import Progress

Position = tuple[int, int]
"""Epoch and position."""


class Line(msgspec.Struct, frozen=True):
    """One event, or how far a job is."""

    sent: bytes
    position: Position | None = None
    """Of an event. Progress has no place in the feed."""


def line_of(event: CloudEvent) -> Line:
    body = msgspec.json.encode(without_address(event))
    head = f"id: {event.slipwayepoch}-{event.slipwaypos}\nevent: {event.type}\ndata: "
    return Line(head.encode() + body + b"\n\n", position_of(event))


def progress_line(progress: Progress) -> Line:
    shown = {
        "deployment": progress.deployment, "job": progress.job, "generation": progress.generation,
        "phase": progress.phase, "ready": progress.ready, "total": progress.total,
    }  # fmt: skip
    return Line(b"event: progress\ndata: " + msgspec.json.encode(shown) + b"\n\n")


def position_of(event: CloudEvent) -> Position:
    return event.slipwayepoch, event.slipwaypos
