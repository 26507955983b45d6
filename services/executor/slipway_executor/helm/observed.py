"""The Helm port with each operation measured, and a span for it; around whichever adapter does the work."""

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager

from slipway.telemetry import tracing
from slipway.telemetry.tracing import Kind
from slipway_executor.failing import OperationFailed
from slipway_executor.helm.port import Deadline, Helm, Release, Rendered
from slipway_executor.metrics import HELM_SECONDS


class ObservedHelm:
    def __init__(self, helm: Helm) -> None:
        self._helm = helm

    async def apply(self, release: Release, deadline: Deadline) -> None:
        with _observed("apply", release.name):
            await self._helm.apply(release, deadline)

    async def render(self, release: Release, *, on_server: bool) -> Rendered:
        with _observed("render", release.name):
            return await self._helm.render(release, on_server=on_server)

    async def roll_back(self, release: Release, revision: int, deadline: Deadline) -> None:
        with _observed("rollback", release.name):
            await self._helm.roll_back(release, revision, deadline)

    async def test(self, release: Release, deadline: Deadline) -> None:
        with _observed("test", release.name):
            await self._helm.test(release, deadline)

    async def uninstall(
        self, name: str, namespace: str, deadline: Deadline, *, as_user: str | None = None, hook_timeout_sec: int = 300
    ) -> None:
        with _observed("uninstall", name):
            await self._helm.uninstall(name, namespace, deadline, as_user=as_user, hook_timeout_sec=hook_timeout_sec)


@contextmanager
def _observed(action: str, release: str) -> Generator[None]:
    began, result = time.monotonic(), "failed"
    try:
        with tracing.span(f"helm {action}", kind=Kind.CLIENT, release=release) as span:
            try:
                yield
            except OperationFailed as error:
                span.fail(error.failure.code)
                raise
        result = "ok"
    except asyncio.CancelledError:
        result = "stopped"
        raise
    finally:
        HELM_SECONDS.labels(action, result).observe(time.monotonic() - began)
