"""The Helm port by the engine. What it is asked is said by `process` in flags: both do the same."""

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec

from slipway.domain.failures import Failure
from slipway.failpoints import hit
from slipway_executor.failing import OperationFailed, needs_person, terminal
from slipway_executor.fence import TERMS
from slipway_executor.helm import output, rendered
from slipway_executor.helm.engine import protocol
from slipway_executor.helm.engine.pool import Pool
from slipway_executor.helm.engine.protocol import Kubeconfig, Operation, Outcome
from slipway_executor.helm.environment import environment
from slipway_executor.helm.limits import BESIDE_HOOKS_SEC, RENDER_SEC, rendering
from slipway_executor.helm.port import Deadline, Release, Rendered


class HelmEngine:
    def __init__(self, pool: Pool, *, kubeconfig: str) -> None:
        """`kubeconfig` is a path; empty means the pod's own cluster."""
        self._pool = pool
        self._kubeconfig = kubeconfig

    async def apply(self, release: Release, deadline: Deadline) -> None:
        await self._done("apply", release, deadline, labels=release.labels)

    async def render(self, release: Release, *, on_server: bool) -> Rendered:
        deadline = Deadline(time.clock_gettime(time.CLOCK_BOOTTIME) + RENDER_SEC)
        asked = self._operation("render" if on_server else "template", release)
        with rendering(on_server=on_server):
            outcome = await self._ask(asked, deadline, limit_sec=RENDER_SEC)
        if outcome.too_large:
            raise terminal("rendered_too_large", outcome.error)
        if outcome.error:
            raise OperationFailed(msgspec.structs.replace(_failure(outcome), cluster_changed=False))
        made = msgspec.json.decode(outcome.result, type=protocol.Release)
        notes = made.notes if on_server else ""  # rendered without the cluster they may say something else
        return await asyncio.to_thread(rendered.of_release, made.manifest, made.hooks, notes)

    async def roll_back(self, release: Release, revision: int, deadline: Deadline) -> None:
        await self._done("rollback", release, deadline, revision=revision)

    async def test(self, release: Release, deadline: Deadline) -> None:
        await self._done("test", release, deadline)

    async def uninstall(
        self, name: str, namespace: str, deadline: Deadline, *, as_user: str | None = None, hook_timeout_sec: int = 300
    ) -> None:
        asked = Operation(
            kind="uninstall", name=name, namespace=namespace, kubeconfig=self._content(), as_user=as_user or "",
            hook_timeout_sec=hook_timeout_sec,
        )  # fmt: skip
        outcome = await self._ask(asked, deadline, limit_sec=hook_timeout_sec + BESIDE_HOOKS_SEC)
        if outcome.error and not outcome.not_found:
            raise OperationFailed(_failure(outcome), outcome.hook_pods)

    @property
    def pids(self) -> list[int]:
        """The processes that live."""
        return self._pool.pids

    async def close(self) -> None:
        """End the engine's processes."""
        await self._pool.close()

    async def _done(self, kind: str, release: Release, deadline: Deadline, **more: Any) -> None:
        limit_sec = release.hook_timeout_sec + BESIDE_HOOKS_SEC
        outcome = await self._ask(self._operation(kind, release, **more), deadline, limit_sec=limit_sec)
        if outcome.error:
            raise OperationFailed(_failure(outcome), outcome.hook_pods)

    def _operation(self, kind: str, release: Release, **more: Any) -> Operation:
        return Operation(
            kind=kind,
            name=release.name,
            namespace=release.namespace,
            kubeconfig=self._content(),
            as_user=release.as_user or "",
            chart=str(release.chart),
            values=release.values,
            hook_timeout_sec=release.hook_timeout_sec,
            force_conflicts=release.force_fields,
            **more,
        )

    async def _ask(self, operation: Operation, deadline: Deadline, *, limit_sec: float) -> Outcome:
        """Have it done within the deadline and `limit_sec`: a template may loop for ever."""
        hit("helm.starting")
        async with self._pool.one() as child:
            hit("helm.started")
            outcome = await child.ask(operation, deadline, limit_sec=limit_sec)
        hit("helm.ended")
        return outcome

    def _content(self) -> Kubeconfig:
        """Return the kubeconfig as it is now: a new token in it is used from the next operation on."""
        if not self._kubeconfig:
            return Kubeconfig()
        try:
            content = Path(self._kubeconfig).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise needs_person("kubeconfig_missing", "the executor's kubeconfig cannot be read") from error
        return Kubeconfig(content=content, path=self._kubeconfig)


def engine_helm(
    program: str, *, kubeconfig: str, work: Path, idle: int, qps: float, memory_mib: int = 1024,
    request_sec: float = TERMS.request_sec,
) -> HelmEngine:  # fmt: skip
    """Return the adapter; `work` is a private folder, `qps` how many requests a second an operation may send.

    `request_sec` is how long beyond its deadline a write may last.
    """
    told = {
        **environment(work, memory_mib), "SLIPWAY_HELM_QPS": str(qps), "SLIPWAY_HELM_MEMORY_MIB": str(memory_mib),
        "SLIPWAY_HELM_REQUEST_SEC": str(request_sec),
    }  # fmt: skip
    return HelmEngine(Pool(program, told, idle=idle), kubeconfig=kubeconfig)


def _failure(outcome: Outcome) -> Failure:
    return output.failure(f"Error: {outcome.error}")
