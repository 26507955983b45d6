"""Structured logs: an event's name and ids, one JSON object a line. Values and secrets have no place in them.

A line that concerns a deployment has `deployment` and `trace_id`: `telemetry.tracing` puts them there.
"""

import logging
import sys
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def configure(service: str, *, level: int = logging.INFO) -> None:
    """Set up logging for this process: every line carries time, level, event and service; libraries' warnings as well."""

    def named(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001 - a processor's signature
        return {"service": service, **event}

    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        named,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _as_text],
        )
    )
    logging.basicConfig(handlers=[libraries], level=logging.WARNING, force=True)
    structlog.configure(
        processors=[*common, structlog.processors.JSONRenderer(serializer=_as_bytes)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )


def _as_bytes(event: EventDict, **_options: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=repr)


def _as_text(logger: WrappedLogger, method: str, event: EventDict) -> str:  # noqa: ARG001 - a processor's signature
    return _as_bytes(event).decode()
