"""One trace from a request through job, message and Helm to the projection, in W3C trace context.

The context goes along always, so that log lines of all services share a `trace_id`; spans are recorded and exported only
when OTEL_EXPORTER_OTLP_ENDPOINT is set, and only then is the SDK imported. A job belongs to the trace of the newest wish
that it carries: an earlier wish that it took in ends, in its own trace, at the request, whose span names the same job.
"""

import random
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar, Token
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import msgspec
from structlog.contextvars import bind_contextvars, reset_contextvars

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

Attribute = str | int | float | bool
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?\Z")


class Kind(StrEnum):
    """What a span stands for between services."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a trace: hexadecimal ids of trace and span, and whether the trace is recorded."""

    trace_id: str
    span_id: str
    sampled: bool

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


class Recorded(Protocol):
    """A span that will be exported."""

    @property
    def place(self) -> Place: ...
    def rename(self, name: str) -> None: ...
    def note(self, attributes: Mapping[str, Attribute]) -> None: ...
    def fail(self, reason: str) -> None: ...
    def end(self) -> None: ...


class Recorder(Protocol):
    """Makes spans and exports them."""

    def start(self, name: str, kind: Kind, parent: Place | None, attributes: Mapping[str, Attribute]) -> Recorded: ...
    def close(self) -> None:
        """Export what is left; blocks for some seconds at most."""
        ...


class Span:
    """A piece of work within a trace. Where nothing is recorded it is its parent's place and keeps no attribute."""

    def __init__(self, place: Place, recorded: Recorded | None = None) -> None:
        self.place = place
        self._recorded = recorded
        self.bound: Mapping[str, Token[Any]] = {}
        """What log lines tell since it began, by the first word for each: what they told before."""

    def rename(self, name: str) -> None:
        if self._recorded:
            self._recorded.rename(name)

    def note(self, **attributes: Attribute) -> None:
        """Add attributes, whose names begin with `slipway.`; never a value of a user's or a secret."""
        if self._recorded:
            self._recorded.note(_named(attributes))

    def note_standard(self, attributes: Mapping[str, Attribute]) -> None:
        """Add attributes by OpenTelemetry's own names."""
        if self._recorded:
            self._recorded.note(attributes)

    def fail(self, reason: str) -> None:
        """Mark it failed; the reason is a code, not a message."""
        if self._recorded:
            self._recorded.fail(reason)


_current: ContextVar[Span | None] = ContextVar("span", default=None)
_recorder: Recorder | None = None


def configure(service: str, environ: Mapping[str, str]) -> None:
    """Record and export spans when the environment names a collector."""
    global _recorder  # noqa: PLW0603 - one exporter for a process, as there is one log
    if environ.get("OTEL_SDK_DISABLED", "").lower() != "true" and any(environ.get(name) for name in ENDPOINTS):
        from slipway.telemetry.otlp import OtlpRecorder  # noqa: PLC0415 - costs memory: only when it is used

        _recorder = OtlpRecorder(service)


def close() -> None:
    """Export what is left, and record no more."""
    global _recorder  # noqa: PLW0603
    if _recorder:
        _recorder.close()
        _recorder = None


def traceparent() -> str | None:
    """Return the place of the running work, as it goes into messages; None outside of any trace."""
    span = _current.get()
    return span.place.traceparent if span else None


@contextmanager
def span(
    name: str,
    *,
    kind: Kind = Kind.INTERNAL,
    parent: str | None = None,
    deployment: UUID | None = None,
    job: UUID | None = None,
    **attributes: Attribute,
) -> Generator[Span]:
    """Work in a span below `parent` (a traceparent), below the running one, or at the root of a new trace.

    Log lines meanwhile have `trace_id`, and `deployment` and `job` when given.
    """
    ids = {key: str(value) for key, value in (("deployment", deployment), ("job", job)) if value is not None}
    above = _current.get()
    place = parse(parent) or (above.place if above else None)
    opened = _open(name, kind, place, _named({**ids, **attributes}))
    token = _current.set(opened)
    opened.bound = bind_contextvars(trace_id=opened.place.trace_id, **ids)
    try:
        yield opened
    except BaseException as error:
        opened.fail(type(error).__name__)
        raise
    finally:
        _current.reset(token)
        _unbind(opened.bound)
        if opened._recorded:  # noqa: SLF001 - this module's own class
            opened._recorded.end()  # noqa: SLF001


def note(*, deployment: UUID, job: UUID | None = None) -> None:
    """Tell the running span, and the log lines until it ends, what they concern; nothing outside of any span."""
    ids = {"deployment": str(deployment)} | ({"job": str(job)} if job else {})
    if above := _current.get():
        above.bound = {**bind_contextvars(**ids), **above.bound}
        above.note(**ids)


def parse(text: str | None) -> Place | None:
    """Return the place that a traceparent names; None for one that is absent or not valid."""
    found = _TRACEPARENT.match(text or "")
    return Place(trace_id=found[1], span_id=found[2], sampled=bool(int(found[3], 16) & 1)) if found else None


def _open(name: str, kind: Kind, parent: Place | None, attributes: Mapping[str, Attribute]) -> Span:
    if _recorder:
        recorded = _recorder.start(name, kind, parent, attributes)
        return Span(recorded.place, recorded)
    return Span(parent or Place(trace_id=_fresh(16), span_id=_fresh(8), sampled=False))


def _fresh(length: int) -> str:
    """Return an id of so many bytes. It is no secret: the system's randomness would cost a call to it for each."""
    return random.randbytes(length).hex()  # noqa: S311 - see above


def _unbind(bound: Mapping[str, Token[Any]]) -> None:
    """Have log lines tell what they told before; what a task of its own has noted, ended with that task."""
    for name, token in bound.items():
        with suppress(ValueError):
            reset_contextvars(**{name: token})


def _named(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {f"slipway.{name}": value for name, value in attributes.items()}
