"""What a service tells its operators: log lines, metrics and traces."""

from collections.abc import Mapping

from slipway import logs
from slipway.telemetry import memory, metrics, tracing


def start(service: str, environ: Mapping[str, str]) -> None:
    """Begin to tell of this process. Traces are exported when the environment names a collector."""
    logs.configure(service)
    metrics.tell_build(service)
    memory.tell_limit()
    tracing.configure(service, environ)
