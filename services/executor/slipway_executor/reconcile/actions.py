"""What each step does. These neither decide nor record: the loop observes what came of them."""

from pathlib import Path

from slipway.clock import Clock
from slipway.messaging.messages import Command
from slipway_executor.cluster.port import Cluster
from slipway_executor.cluster.releases import DIGEST_LABEL, FENCE_LABEL, GENERATION_LABEL
from slipway_executor.failing import transient
from slipway_executor.helm.port import Deadline, Helm, Release
from slipway_executor.reconcile.decide import Step
from slipway_executor.reconcile.state import Observed

GONE_WITHIN_SEC = 120.0
LOOK_SEC = 0.5


class Actions:
    """The effects of one job's steps, under its deadline."""

    def __init__(
        self, cluster: Cluster, helm: Helm, clock: Clock, command: Command, deadline: Deadline, chart: Path | None
    ) -> None:
        self._cluster = cluster
        self._helm = helm
        self._clock = clock
        self._command = command
        self._deadline = deadline
        self._chart = chart

    async def take(self, step: Step, observed: Observed) -> None:
        """Run one step. OperationFailed says why it did not work."""
        if self._clock.monotonic() >= self._deadline.at:
            raise transient("lease_lost", "the right to write in the cluster ended before the step began")
        command = self._command
        match step:
            case Step.CREATE_NAMESPACE:
                await self._cluster.create_namespace(
                    command.namespace, installation=command.installation, deployment=command.deployment
                )
            case Step.APPLY:
                await self._helm.apply(self._release(), self._deadline)
            case Step.SETTLE_RECORD if observed.last:
                await self._cluster.fail_record(command.namespace, command.release, observed.last.revision)
            case Step.UNINSTALL:
                await self._helm.uninstall(command.release, command.namespace, self._deadline)
            case Step.DELETE_NAMESPACE if observed.namespace:
                await self._cluster.delete_namespace(command.namespace, uid=observed.namespace.uid)
            case Step.WAIT_GONE:
                await self._wait_gone()
            case _:
                raise ValueError(step)

    def _release(self) -> Release:
        command = self._command
        if self._chart is None:
            raise ValueError("an apply without a chart")
        labels = {
            GENERATION_LABEL: str(command.generation),
            DIGEST_LABEL: command.digest,
            FENCE_LABEL: str(command.fence),
        }
        return Release(
            name=command.release,
            namespace=command.namespace,
            chart=self._chart,
            values=command.values,
            labels=labels,
            hook_timeout_sec=command.health_timeout_sec,
        )

    async def _wait_gone(self) -> None:
        until = self._clock.monotonic() + GONE_WITHIN_SEC
        while found := await self._cluster.namespace(self._command.namespace):
            if self._clock.monotonic() >= until:
                reason = f"the namespace is still there after {GONE_WITHIN_SEC:.0f} s"
                raise transient("namespace_stuck", f"{reason}: {found.remaining or 'no reason given'}", changed=True)
            await self._clock.sleep(LOOK_SEC)
