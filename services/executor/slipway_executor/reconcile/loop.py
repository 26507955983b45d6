"""One pass of the reconciler for one command."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from slipway.clock import Clock
from slipway.domain.failures import Failure, FailureClass
from slipway.domain.jobs import JobOption
from slipway.domain.outcomes import Outcome
from slipway.domain.revisions import Drifted
from slipway.domain.usage import Usage
from slipway.domain.values import release_digest
from slipway.messaging.messages import Action, Applied, Chart, Command, JobPhase, Sealed
from slipway_executor.cluster.port import Cluster, Object, ReleaseRecord
from slipway_executor.control import Control
from slipway_executor.failing import OperationFailed
from slipway_executor.helm.port import Deadline, Helm
from slipway_executor.reconcile import inputs, reason
from slipway_executor.reconcile.actions import NAMED, Actions, labels_of
from slipway_executor.reconcile.comparing import find_drift
from slipway_executor.reconcile.decide import Pass, Step, decide, goes_back, passes
from slipway_executor.reconcile.inputs import Inputs
from slipway_executor.reconcile.rules import Reserve
from slipway_executor.reconcile.state import Observed, Wanted, classify
from slipway_executor.reconcile.usage import asked_for
from slipway_executor.reconcile.watch import Watch
from slipway_executor.sealing import Keyring

HARMLESS = frozenset({Step.CREATE_NAMESPACE, Step.PREPARE, Step.WAIT_GONE, Step.WATCH, Step.FINISH})
"""Steps that leave the release as it was."""

STOPPED_BY_US = frozenset({"helm_killed", "lease_lost"})
"""How a step fails whose deadline was cut because the job was to stop."""


class Charts(Protocol):
    async def path(self, chart: Chart, registries: tuple[Sealed, ...] = ()) -> Path: ...
    async def content(self, chart: Chart) -> str:
        """Return a digest of a chart that has none of its own: one that ships with the executor; empty for others."""
        ...


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a pass ended, with the last observation."""

    outcome: Outcome
    applied: Applied | None = None
    failure: Failure | None = None
    gone: bool = False
    actions: tuple[str, ...] = ()
    usage: Usage | None = None
    corrected: tuple[Drifted, ...] = ()
    failed_revision: int | None = None
    rolled_back_to: int | None = None
    tested: bool = False
    test_failure: Failure | None = None
    timings_ms: dict[str, float] = {}


Watching = Callable[[Applied], Awaitable[None]]
"""Called once when the release is applied and its objects, not all ready yet, begin to be watched."""


class Reconciler:
    def __init__(
        self, cluster: Cluster, helm: Helm, charts: Charts, keyring: Keyring, clock: Clock, reserve: Reserve
    ) -> None:
        self._cluster = cluster
        self._helm = helm
        self._charts = charts
        self._keyring = keyring
        self._clock = clock
        self._reserve = reserve

    async def inputs(self, command: Command) -> Inputs:
        """Return a command's checked chart and opened secrets; before anything in the cluster is touched."""
        if command.chart is None:
            return inputs.of_command(command, None, self._keyring, labels_of(command))
        chart = await self._charts.path(command.chart, command.registries)
        if content := await self._charts.content(command.chart):  # another release of Slipway may have another chart
            command = msgspec.structs.replace(command, digest=release_digest(content, {"of": command.digest}))
        return inputs.of_command(command, chart, self._keyring, labels_of(command))

    async def run(
        self, command: Command, given: Inputs, deadline: Deadline, control: Control, watching: Watching
    ) -> End:
        """Bring the release in line and watch it until it is ready, or remove it."""
        command = msgspec.structs.replace(command, digest=given.digest)
        actions = Actions(self._cluster, self._helm, self._clock, command, deadline, given, self._reserve)
        job = _Pass(self._cluster, self._clock, command, given, actions, control)
        try:
            return await job.run(watching)
        except OperationFailed as error:
            return await job.failed(error.failure, error.hook_pods)


class _Pass:
    """What one pass did and saw."""

    def __init__(
        self, cluster: Cluster, clock: Clock, command: Command, given: Inputs, actions: Actions, control: Control
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._command = command
        self._given = given
        self._actions = actions
        self._control = control
        self._done: list[Step] = []
        self._changed = False
        self._timings = {"helm": 0.0}
        self._observed = Observed(namespace=None)
        self._seen = End(outcome=Outcome.DONE)
        """What is reported however the pass ends."""

    async def run(self, watching: Watching) -> End:
        while True:
            self._observed = await self._observe()
            now = Pass(
                deleting=self._deleting, ever_applied=self._command.ever_applied, done=self._done, changed=self._changed
            )
            step = decide(classify(self._observed, self._wanted()), now)
            if isinstance(step, Failure):
                return self._end(Outcome.FAILED, failure=step)
            if step is Step.FINISH:
                return self._end(Outcome.DONE, gone=True)
            if self._control.stopped.is_set():
                return self._end(self._control.outcome or Outcome.STOPPED)
            if step is Step.WATCH:
                return await self._watch(watching)
            await self._take(step)

    async def failed(self, failure: Failure, hook_pods: Sequence[Object]) -> End:
        """End with a failure: its real reason first, then back to the good revision if need be, then one more look."""
        changed = self._changed or failure.cluster_changed
        failure = msgspec.structs.replace(failure, cluster_changed=changed)
        with contextlib.suppress(OperationFailed):
            failure = await reason.of_hooks(failure, hook_pods, self._cluster, self._command.namespace)
            self._observed = await self._observe()
            self._note_failed_revision()
        if self._control.stopped.is_set() and failure.code in STOPPED_BY_US:
            return self._end(self._control.outcome or Outcome.STOPPED)
        if not self._deleting and not self._control.stopped.is_set() and self._goes_back(failure):
            failure = await self._go_back(failure)
        return self._end(Outcome.FAILED, failure=failure)

    @property
    def _deleting(self) -> bool:
        return self._command.action is Action.DELETE

    def _wanted(self) -> Wanted:
        command = self._command
        return Wanted(
            installation=command.installation,
            deployment=command.deployment,
            digest=command.digest,
            deleting=self._deleting,
            adopting=JobOption.ADOPT in command.options,
            tenant=self._given.tenant_of(self._observed.namespace).digest,
        )

    async def _observe(self) -> Observed:
        namespace = await self._cluster.namespace(self._command.namespace)
        if namespace is None:
            return Observed(namespace=None)
        history: tuple[ReleaseRecord, ...] = ()
        if namespace.open:
            history = tuple(await self._cluster.release_history(self._command.namespace, self._command.release))
        if namespace.terminating and not self._deleting:
            held = await self._cluster.held_up(namespace.name)
            namespace = msgspec.structs.replace(namespace, remaining="; ".join(held[:NAMED]) or namespace.remaining)
        observed = Observed(namespace=namespace, history=history)
        return msgspec.structs.replace(observed, drift=await self._compared(observed))

    async def _compared(self, observed: Observed) -> tuple[Drifted, ...]:
        """Return how live objects differ, when the job asks for it and the record says that all is as it should be."""
        command, last = self._command, observed.last
        in_sync = last is not None and last.status == "deployed" and last.digest == command.digest
        if not in_sync or last is None or JobOption.COMPARE not in command.options or self._deleting:
            return ()
        manifest = await self._cluster.manifest(command.namespace, command.release, last.revision)
        return tuple(
            await find_drift(
                self._cluster,
                manifest,
                command.namespace,
                command.release,
                ignore=command.drift_ignore,
                as_user=self._given.as_user,
            )
        )

    async def _take(self, step: Step) -> None:
        self._done.append(step)
        started = self._clock.monotonic()
        try:
            if step is Step.APPLY:
                self._changed |= self._command.allow.crds  # definitions are laid before the chart can be judged
                await self._actions.check(self._observed)
            self._changed |= step not in HARMLESS
            await self._actions.take(step, self._observed)
        finally:
            if step in (Step.APPLY, Step.UNINSTALL, Step.ROLL_BACK):
                self._timings["helm"] += (self._clock.monotonic() - started) * 1000
        if step is Step.CORRECT:
            self._seen = msgspec.structs.replace(self._seen, corrected=self._observed.drift)

    async def _watch(self, watching: Watching) -> End:
        command = self._command
        self._control.phase = JobPhase.WATCHING
        started = self._clock.monotonic()
        last = self._observed.last
        manifest = await self._cluster.manifest(command.namespace, command.release, last.revision if last else 0)
        self._count(manifest)
        if JobOption.RESTART in command.options:
            await self._actions.restart(manifest)

        async def waits() -> None:
            if self._done and (applied := self._applied()):
                await watching(applied)

        watch = Watch(self._cluster, self._clock, command.namespace, manifest)
        ready = await watch.until_ready(timeout_sec=command.health_timeout_sec, control=self._control, waits=waits)
        self._timings["watch"] = (self._clock.monotonic() - started) * 1000
        if not ready:
            return self._end(self._control.outcome or Outcome.STOPPED)
        await self._actions.forget_old_secrets()
        if JobOption.TEST in command.options:
            await self._test()
        return self._end(Outcome.DONE)

    def _count(self, manifest: list[Object]) -> None:
        """Note what the objects ask for."""
        self._seen = msgspec.structs.replace(self._seen, usage=asked_for(manifest))

    async def _test(self) -> None:
        """Run the chart's tests: a test that fails is told, and leaves the deployment as ready as it is."""
        failure = None
        try:
            await self._actions.test()
        except OperationFailed as error:
            failure = error.failure
            with contextlib.suppress(OperationFailed):
                failure = await reason.of_hooks(failure, error.hook_pods, self._cluster, self._command.namespace)
            failure = self._given.masker.failure(failure)
        self._seen = msgspec.structs.replace(self._seen, tested=True, test_failure=failure)

    def _note_failed_revision(self) -> None:
        last = self._observed.last
        if last and last.status == "failed" and last.generation == self._command.generation:
            self._seen = msgspec.structs.replace(self._seen, failed_revision=last.revision)

    def _goes_back(self, failure: Failure) -> bool:
        command = self._command
        ours = self._observed.namespace is not None and self._observed.namespace.deployment == str(command.deployment)
        return ours and goes_back(
            failure, command.good, self._observed.history, keep=command.keep_failed, last_attempt=command.last_attempt
        )

    async def _go_back(self, failure: Failure) -> Failure:
        """Roll back, and make the failure final: the wanted generation waits for a change or for `reconcile`.

        Where going back failed for a reason that passes, another try upgrades, fails, and goes back.
        """
        try:
            last = self._observed.last
            if last and last.status not in ("deployed", "failed"):
                await self._take(Step.SETTLE_RECORD)
                self._observed = await self._observe()
            await self._take(Step.ROLL_BACK)
        except OperationFailed as error:
            words = f"{failure.reason} (and going back failed too: {error.failure.reason})"
            again = passes(error.failure, last_attempt=self._command.last_attempt)
            kind = FailureClass.TRANSIENT if again else FailureClass.NEEDS_PERSON
            return msgspec.structs.replace(failure, reason=words, failure_class=kind)
        with contextlib.suppress(OperationFailed):
            self._observed = await self._observe()
        good = self._command.good
        self._seen = msgspec.structs.replace(self._seen, rolled_back_to=good.revision if good else None)
        final = failure.failure_class is FailureClass.TRANSIENT
        return msgspec.structs.replace(failure, failure_class=FailureClass.TERMINAL) if final else failure

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
            newest=self._observed.history[-1].revision,
        )

    def _end(self, outcome: Outcome, *, failure: Failure | None = None, gone: bool = False) -> End:
        masked = self._given.masker.failure(failure) if failure else None
        return msgspec.structs.replace(
            self._seen,
            outcome=outcome,
            applied=self._applied(),
            failure=masked,
            gone=gone,
            actions=tuple(self._done),
            timings_ms={name: round(value, 1) for name, value in self._timings.items()},
        )
