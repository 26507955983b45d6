"""What a process tells its operators, as a test reads it."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from prometheus_client import REGISTRY

from slipway.telemetry import tracing
from slipway.telemetry.tracing import Attribute, Kind, Place


def metric(name: str, **labels: str) -> float:
    """Return the value of a series; 0 when it is not there yet."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


class RecordedSpan:
    """A span that is kept."""

    def __init__(self, name: str, kind: Kind, parent: Place | None, place: Place, attributes: Mapping[str, Attribute]):
        self.name = name
        self.kind = kind
        self.parent = parent
        self.place = place
        self.attributes = dict(attributes)
        self.failure: str | None = None
        self.ended = False

    def rename(self, name: str) -> None:
        self.name = name

    def note(self, attributes: Mapping[str, Attribute]) -> None:
        self.attributes |= attributes

    def fail(self, reason: str) -> None:
        self.failure = self.failure or reason

    def end(self) -> None:
        self.ended = True


class MemoryRecorder:
    """Keeps spans in the order of their beginning."""

    def __init__(self) -> None:
        self.spans: list[RecordedSpan] = []

    def start(self, name: str, kind: Kind, parent: Place | None, attributes: Mapping[str, Attribute]) -> RecordedSpan:
        number = len(self.spans) + 1
        place = Place(trace_id=parent.trace_id if parent else f"{number:032x}", span_id=f"{number:016x}", sampled=True)
        self.spans.append(RecordedSpan(name, kind, parent, place, attributes))
        return self.spans[-1]

    def close(self) -> None: ...

    def named(self, name: str) -> RecordedSpan:
        [found] = [span for span in self.spans if span.name == name]
        return found


@contextmanager
def recording() -> Generator[MemoryRecorder]:
    """Record the spans of this process while the context is open."""
    recorder = MemoryRecorder()
    tracing._recorder = recorder
    try:
        yield recorder
    finally:
        tracing._recorder = None
