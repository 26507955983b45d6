"""Trace context goes along always; spans are recorded, and the SDK loaded, only where a collector is named."""

import asyncio
import subprocess
import sys
from uuid import UUID

import pytest
import structlog

from slipway.telemetry import tracing
from tests.support.told import recording

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
DEPLOYMENT, JOB = UUID(int=1), UUID(int=2)


def test_a_traceparent_is_read_and_written():
    place = tracing.parse(PARENT)
    assert place is not None
    assert (place.trace_id, place.span_id, place.sampled, place.traceparent) == (TRACE, SPAN, True, PARENT)
    later = tracing.parse(f"01-{TRACE}-{SPAN}-00-of-a-later-version")
    assert later is not None
    assert not later.sampled


@pytest.mark.parametrize(
    "text",
    [
        None, "", "nonsense", f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}", f"00-{TRACE}-{SPAN}-01\n",
    ],
)  # fmt: skip
def test_what_is_no_traceparent_begins_a_trace_of_its_own(text: str | None):
    assert tracing.parse(text) is None
    with tracing.span("one", parent=text) as span:
        assert span.place.trace_id != TRACE


def test_without_a_collector_the_context_goes_along_and_nothing_is_kept():
    assert tracing.traceparent() is None
    with tracing.span("one", parent=PARENT), tracing.span("two", deployment=DEPLOYMENT):
        assert tracing.traceparent() == PARENT
    with tracing.span("three") as root:
        assert not root.place.sampled, "nobody recorded it: nobody below shall"
    assert tracing.traceparent() is None


def test_spans_are_below_each_other_and_tell_what_failed():
    with recording() as recorder:
        with pytest.raises(RuntimeError), tracing.span("one", parent=PARENT, deployment=DEPLOYMENT) as one:
            tracing.note(deployment=DEPLOYMENT, job=JOB)
            with tracing.span("two", fence=7) as two:
                two.fail("some_code")
            raise RuntimeError("a message with a secret in it")
        first, second = recorder.spans
    assert (first.parent, second.parent) == (tracing.parse(PARENT), one.place)
    assert first.attributes == {"slipway.deployment": str(DEPLOYMENT), "slipway.job": str(JOB)}
    assert (first.failure, second.failure) == ("RuntimeError", "some_code")
    assert first.ended
    assert second.ended


def test_log_lines_say_what_they_concern_and_stop_when_it_is_over():
    structlog.contextvars.bind_contextvars(service="test")
    with tracing.span("one", parent=PARENT):
        tracing.note(deployment=DEPLOYMENT)
        with tracing.span("two", job=JOB):
            told = structlog.contextvars.get_contextvars()
            assert told == {"service": "test", "trace_id": TRACE, "deployment": str(DEPLOYMENT), "job": str(JOB)}
        assert "job" not in structlog.contextvars.get_contextvars()
    tracing.note(deployment=DEPLOYMENT)
    assert structlog.contextvars.get_contextvars() == {"service": "test"}
    structlog.contextvars.unbind_contextvars("service")


async def test_tasks_at_once_do_not_mix():
    async def work(number: int) -> tuple[str | None, object]:
        with tracing.span("work", parent=f"00-{number:032x}-{SPAN}-01", deployment=UUID(int=number)):
            await asyncio.sleep(0)
            return tracing.traceparent(), structlog.contextvars.get_contextvars()["deployment"]

    found = await asyncio.gather(*(work(number) for number in range(1, 20)))
    assert found == [(f"00-{number:032x}-{SPAN}-01", str(UUID(int=number))) for number in range(1, 20)]


SERVICES = ("slipway_api", "slipway_scheduler", "slipway_executor")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("environ", "loaded"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_the_sdk_is_loaded_only_where_a_collector_is_named(service: str, environ: dict[str, str], loaded: bool):
    lines = (
        f"import sys, os, {service}.app; from slipway import telemetry",
        f"telemetry.start('test', os.environ); assert ('opentelemetry.sdk' in sys.modules) is {loaded}",
        "telemetry.tracing.close()",
    )
    subprocess.run([sys.executable, "-c", "\n".join(lines)], env=environ, check=True, timeout=120)
