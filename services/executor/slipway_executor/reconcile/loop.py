"""One pass of the reconciler for one command."""

import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import msgspec

from slipway.clock import Clock
from slipway.domain.failures import Failure
from slipway.domain.outcomes import Outcome
from slipway.messaging.messages import Action, Applied, Chart, Command, JobPhase
from slipway_executor.cluster.port import Cluster
from slipway_executor.control import Control
from slipway_executor.failing import OperationFailed
from slipway_executor.helm.port import Deadline, Helm
from slipway_executor.reconcile.actions import Actions
from slipway_executor.reconcile.decide import Step, decide
from slipway_executor.reconcile.state import Observed, Wanted, classify
from slipway_executor.reconcile.watch import Watch

WRITING = frozenset(Step) - {Step.WAIT_GONE, Step.WATCH, Step.FINISH}


class Charts(Protocol):
    async def path(self, chart: Chart) -> Path: ...


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a pass ended, with the last observation."""

    outcome: Outcome
    applied: Applied | None = None
    failure: Failure | None = None
    gone: bool = False
    actions: tuple[str, ...] = ()
    timings_ms: dict[str, float] = {}


Watching = Callable[[Applied], Awaitable[None]]
"""Called once when the release is applied and its objects begin to be watched."""


class Reconciler:
    def __init__(self, cluster: Cluster, helm: Helm, charts: Charts, clock: Clock) -> None:
        self._cluster = cluster
        self._helm = helm
        self._charts = charts
        self._clock = clock

    async def chart(self, command: Command) -> Path | None:
        """Return the checked chart of a command; before anything in the cluster is touched."""
        return await self._charts.path(command.chart) if command.chart else None

    async def run(
        self, command: Command, chart: Path | None, deadline: Deadline, control: Control, watching: Watching
    ) -> End:
        """Bring the release in line and watch it until it is ready, or remove it."""
        job = _Pass(self._cluster, self._clock, command, control)
        actions = Actions(self._cluster, self._helm, self._clock, command, deadline, chart)
        try:
            return await job.run(actions, watching)
        except OperationFailed as error:
            return await job.failed(error.failure)


class _Pass:
    """What one pass did and saw."""

    def __init__(self, cluster: Cluster, clock: Clock, command: Command, control: Control) -> None:
        self._cluster = cluster
        self._clock = clock
        self._command = command
        self._control = control
        self._done: list[Step] = []
        self._changed = False
        self._timings = {"helm": 0.0}
        self._observed = Observed(namespace=None)

    async def run(self, actions: Actions, watching: Watching) -> End:
        command = self._command
        wanted = Wanted(installation=command.installation, deployment=command.deployment, digest=command.digest)
        while True:
            self._observed = await self._observe()
            found = classify(self._observed, wanted)
            step = decide(found, deleting=command.action is Action.DELETE, done=self._done, changed=self._changed)
            if isinstance(step, Failure):
                return self._end(Outcome.FAILED, failure=step)
            if step is Step.FINISH:
                return self._end(Outcome.DONE, gone=True)
            if step is Step.WATCH:
                return await self._watch(watching)
            if self._control.stopped.is_set():
                return self._end(self._control.outcome or Outcome.STOPPED)
            await self._take(actions, step)

    async def failed(self, failure: Failure) -> End:
        """End with a failure, after one more look at what the cluster holds now."""
        changed = self._changed or failure.cluster_changed
        failure = msgspec.structs.replace(failure, cluster_changed=changed)
        with contextlib.suppress(OperationFailed):
            self._observed = await self._observe()
        return self._end(Outcome.FAILED, failure=failure)

    async def _observe(self) -> Observed:
        namespace = await self._cluster.namespace(self._command.namespace)
        if namespace is None:
            return Observed(namespace=None)
        history = await self._cluster.release_history(self._command.namespace, self._command.release)
        return Observed(namespace=namespace, history=tuple(history))

    async def _take(self, actions: Actions, step: Step) -> None:
        self._done.append(step)
        self._changed |= step in WRITING and step is not Step.CREATE_NAMESPACE
        started = self._clock.monotonic()
        try:
            await actions.take(step, self._observed)
        finally:
            if step in (Step.APPLY, Step.UNINSTALL):
                self._timings["helm"] += (self._clock.monotonic() - started) * 1000

    async def _watch(self, watching: Watching) -> End:
        self._control.phase = JobPhase.WATCHING
        started = self._clock.monotonic()
        last = self._observed.last
        if self._done and (applied := self._applied()):
            await watching(applied)
        manifest = await self._cluster.manifest(
            self._command.namespace, self._command.release, last.revision if last else 0
        )
        watch = Watch(self._cluster, self._clock, self._command.namespace, manifest)
        ready = await watch.until_ready(timeout_sec=self._command.health_timeout_sec, stopped=self._control.stopped)
        self._timings["watch"] = (self._clock.monotonic() - started) * 1000
        return self._end(Outcome.DONE if ready else self._control.outcome or Outcome.STOPPED)

    def _applied(self) -> Applied | None:
        """Return the revision that serves now; in sync counts as the wanted generation, whatever its label says."""
        serving = [record for record in self._observed.history if record.status == "deployed"]
        if not serving:
            return None
        record = serving[-1]
        same = record.digest == self._command.digest and record is self._observed.last
        chart = self._command.chart
        return Applied(
            generation=self._command.generation if same else record.generation,
            revision=record.revision,
            digest=record.digest,
            chart_digest=chart.digest if chart and same else None,
            app_status=record.status,
        )

    def _end(self, outcome: Outcome, *, failure: Failure | None = None, gone: bool = False) -> End:
        return End(
            outcome=outcome,
            applied=self._applied(),
            failure=failure,
            gone=gone,
            actions=tuple(self._done),
            timings_ms={name: round(value, 1) for name, value in self._timings.items()},
        )
