"""Answers live questions of the API and the schedulers: bounded, never with an error that the asker does not see."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import structlog

from slipway.domain.failures import Failure, FailureClass
from slipway.messaging.messages import encode
from slipway.messaging.queries import QUERIES, Answered
from slipway.telemetry import tracing
from slipway.telemetry.tracing import Kind
from slipway_executor import metrics
from slipway_executor.failing import OperationFailed

log = structlog.get_logger()

AT_ONCE = 8
WAITING = 32
"""So many may wait for their turn; more are told to come again."""

Handler = Callable[[Any], Awaitable[Answered]]
"""Takes a question of its kind, returns the answer. OperationFailed becomes the answer's failure."""


class Queries:
    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        """`handlers` by the kinds of `slipway.messaging.queries`."""
        self._handlers = handlers
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def answer(self, subject: str, request: bytes) -> bytes | None:
        """Answer one question."""
        kind = subject.rpartition(".")[2]
        if kind not in self._handlers:
            return _failed("unknown_query", f"this executor does not know {kind} questions")
        if self._waiting >= WAITING:
            metrics.QUERIES.labels(kind, "busy").inc()
            return _failed("busy", "too many questions at once: ask again in a moment")
        self._waiting += 1
        try:
            async with self._turns:
                return await self._answer(kind, request)
        finally:
            self._waiting -= 1

    async def _answer(self, kind: str, request: bytes) -> bytes:
        with tracing.span(f"query {kind}", kind=Kind.SERVER) as span:
            try:
                question = msgspec.json.decode(request, type=QUERIES[kind])
                if place := getattr(question, "place", None):
                    tracing.note(deployment=place.deployment)
                answered = encode(await self._handlers[kind](question))
            except OperationFailed as error:
                span.fail(error.failure.code)
                answered = encode(Answered(failure=error.failure))
            except msgspec.DecodeError:
                answered = _failed("unreadable", "the question cannot be read")
            except Exception as error:
                span.fail(type(error).__name__)
                log.exception("query_broke", kind=kind, error=type(error).__name__)
                answered = _failed("executor_error", f"the executor failed unexpectedly ({type(error).__name__})")
            else:
                metrics.QUERIES.labels(kind, "ok").inc()
                return answered
        metrics.QUERIES.labels(kind, "failed").inc()
        return answered


def _failed(code: str, reason: str) -> bytes:
    return encode(Answered(failure=Failure(failure_class=FailureClass.TRANSIENT, code=code, reason=reason)))
