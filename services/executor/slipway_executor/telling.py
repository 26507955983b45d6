"""What a worker tells of its jobs: spans, log lines, gauges."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial

import structlog

from slipway.messaging.messages import Command, JobPhase
from slipway.telemetry import tracing
from slipway.telemetry.tracing import Kind, Span
from slipway_executor import metrics
from slipway_executor.helm.resident import held_by_helm
from slipway_executor.reconcile.loop import End
from slipway_executor.slots import Slots

log = structlog.get_logger()


def about(command: Command, name: str, kind: Kind = Kind.INTERNAL) -> AbstractContextManager[Span]:
    """Return a span of the command's trace; log lines within it say which job they concern."""
    return tracing.span(
        name, kind=kind, parent=command.traceparent, deployment=command.deployment, job=command.job,
        fence=command.fence, action=command.action.value,
    )  # fmt: skip


def tell_end(span: Span, command: Command, end: End, millis: float) -> None:
    """Say how a job ended."""
    code = end.failure.code if end.failure else None
    span.note(outcome=end.outcome.value)
    if code:
        span.fail(code)
    log.info("job_ended", fence=command.fence, outcome=end.outcome.value, code=code, ms=millis, actions=end.actions)


def tell_slots(slots: Slots) -> None:
    """Show free and busy slots from now on."""
    metrics.SLOTS.labels("free").set_function(lambda: max(slots.left, 0))
    metrics.SLOTS.labels("busy").set_function(lambda: slots.total - max(slots.left, 0))


def tell_held(phases: Callable[[], Sequence[JobPhase]]) -> None:
    """Show from now on how many jobs are held in each phase."""
    for phase in JobPhase:
        metrics.HELD.labels(phase.value).set_function(partial(_count, phases, phase))


def tell_helm_memory() -> None:
    """Show from now on what Helm's processes hold."""
    metrics.HELM_MEMORY.set_function(held_by_helm)


def _count(phases: Callable[[], Sequence[JobPhase]], phase: JobPhase) -> int:
    return phases().count(phase)
