"""Spans by OpenTelemetry's SDK, exported over OTLP/HTTP. The SDK reads its own OTEL_* variables."""

from collections.abc import Mapping
from threading import Thread

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation import set_span_in_context

from slipway.identity import new_id
from slipway.telemetry.metrics import version
from slipway.telemetry.tracing import Attribute, Kind, Place

CLOSE_SEC = 3.0
KINDS = {kind: SpanKind[kind.name] for kind in Kind}


class OtlpRecorder:
    def __init__(self, service: str) -> None:
        resource = {
            "service.name": f"slipway-{service}",
            "service.version": version(),
            "service.instance.id": str(new_id()),
        }
        self._provider = TracerProvider(resource=Resource.create(resource), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("slipway", version())

    def start(self, name: str, kind: Kind, parent: Place | None, attributes: Mapping[str, Attribute]) -> "OtlpSpan":
        """Start a span; the SDK's sampler decides whether it is recorded, and says so in its place."""
        above = set_span_in_context(NonRecordingSpan(_context(parent))) if parent else None
        return OtlpSpan(self._tracer.start_span(name, above, kind=KINDS[kind], attributes=attributes))

    def close(self) -> None:
        """Export what is left. A collector that is away does not hold up the end of the process."""
        closing = Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_SEC)


class OtlpSpan:
    def __init__(self, span: Span) -> None:
        self._span = span
        context = span.get_span_context()
        self.place = Place(
            trace_id=f"{context.trace_id:032x}",
            span_id=f"{context.span_id:016x}",
            sampled=context.trace_flags.sampled,
        )

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def note(self, attributes: Mapping[str, Attribute]) -> None:
        self._span.set_attributes(attributes)

    def fail(self, reason: str) -> None:
        """The first reason stands: what failed inside says more than what came of it."""
        if not (isinstance(self._span, SdkSpan) and self._span.status.status_code is StatusCode.ERROR):
            self._span.set_status(Status(StatusCode.ERROR, reason))

    def end(self) -> None:
        self._span.end()


def _context(place: Place) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if place.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(place.trace_id, 16), int(place.span_id, 16), is_remote=True, trace_flags=flags)
