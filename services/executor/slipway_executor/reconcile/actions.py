"""What each step does. These neither decide nor record: the loop observes what came of them."""

from collections.abc import Awaitable, Callable

import msgspec

from slipway.clock import Clock
from slipway.messaging.messages import Command
from slipway.telemetry import tracing
from slipway_executor.cluster.port import (
    ADOPTED_ANNOTATION,
    DEPLOYMENT_LABEL,
    INSTALLATION_LABEL,
    LEFT_ANNOTATION,
    TENANT_ANNOTATION,
    UNKNOWN_KIND,
    Cluster,
    Object,
)
from slipway_executor.cluster.releases import DIGEST_LABEL, FENCE_LABEL, GENERATION_LABEL
from slipway_executor.failing import OperationFailed, terminal, transient
from slipway_executor.fenced import fenced, require
from slipway_executor.helm.port import Deadline, Helm
from slipway_executor.reconcile import crds, rules, tenant
from slipway_executor.reconcile.comparing import FIELD_MANAGER, as_helm_has_it
from slipway_executor.reconcile.decide import Step
from slipway_executor.reconcile.differences import changes
from slipway_executor.reconcile.inputs import SECRETS_LABEL, Inputs
from slipway_executor.reconcile.state import Observed
from slipway_executor.reconcile.tenant import Tenant

GONE_WITHIN_SEC = 60.0
NAMED = 5
"""So many objects that hold a namespace up are named."""
BINDING_WITHIN_SEC = 10.0
LOOK_SEC = 0.5
QUICK_LOOK_SEC = 0.02
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


class Actions:
    """The effects of one job's steps, under its deadline."""

    def __init__(
        self,
        cluster: Cluster,
        helm: Helm,
        clock: Clock,
        command: Command,
        deadline: Deadline,
        inputs: Inputs,
        reserve: rules.Reserve,
    ) -> None:
        self._cluster = fenced(cluster, clock, deadline)
        self._helm = helm
        self._clock = clock
        self._command = command
        self._deadline = deadline
        self._inputs = inputs
        self._reserve = reserve
        self._steps: dict[Step, Callable[[Observed], Awaitable[None]]] = {
            Step.CREATE_NAMESPACE: self._create_namespace,
            Step.PREPARE: self._prepare,
            Step.ADOPT: self._adopt,
            Step.APPLY: self._apply,
            Step.SETTLE_RECORD: self._settle_record,
            Step.PRUNE: self._prune,
            Step.CORRECT: self._correct,
            Step.ROLL_BACK: self._roll_back,
            Step.UNINSTALL: self._uninstall,
            Step.DELETE_NAMESPACE: self._delete_namespace,
            Step.LEAVE_NAMESPACE: self._leave,
            Step.WAIT_GONE: self._wait_gone,
        }

    async def take(self, step: Step, observed: Observed) -> None:
        """Run one step. OperationFailed says why it did not work."""
        with tracing.span(f"step {step}"):
            await self._steps[step](observed)

    async def check(self, observed: Observed) -> None:
        """Refuse what may not be applied, before Helm writes; the chart's own kinds are defined first, where it may."""
        with tracing.span("check"):
            if self._command.allow.crds:  # nothing of its kinds can be rendered on the server before
                await crds.install(self._cluster, self._clock, self._inputs.release.chart)
            await rules.check(self._cluster, self._helm, self._command, self._inputs, observed, self._reserve)

    async def restart(self, manifest: list[Object]) -> None:
        """Have the pods of all workloads made anew; once for a job, however often it is run."""
        template = {"metadata": {"annotations": {RESTARTED_AT: str(self._command.job)}}}
        for item in manifest:
            if item["kind"] in WORKLOADS:
                await self._cluster.annotate(item, self._command.namespace, {"spec": {"template": template}})

    async def test(self) -> None:
        """Run the chart's tests."""
        require(self._clock, self._deadline)
        await self._helm.test(self._inputs.release, self._deadline)

    async def forget_old_secrets(self) -> None:
        """Remove the Secrets of earlier values: the revision that is ready uses the newest."""
        if not self._command.secrets and not self._command.secret_fields:
            return
        for name in await self._cluster.secret_names(self._command.namespace, f"{SECRETS_LABEL}=true"):
            if name != self._inputs.secret_name:
                item = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
                await self._cluster.remove(item, self._command.namespace)

    async def _create_namespace(self, observed: Observed) -> None:  # noqa: ARG002 - every step has this shape
        command = self._command
        await self._cluster.create_namespace(
            command.namespace, installation=command.installation, deployment=command.deployment
        )

    async def _settle_record(self, observed: Observed) -> None:
        if observed.last:
            await self._cluster.fail_record(self._command.namespace, self._command.release, observed.last.revision)

    async def _roll_back(self, observed: Observed) -> None:  # noqa: ARG002
        if self._command.good:
            require(self._clock, self._deadline)
            await self._helm.roll_back(self._inputs.release, self._command.good.revision, self._deadline)

    async def _uninstall(self, observed: Observed) -> None:
        command = self._command
        require(self._clock, self._deadline)
        try:
            await self._helm.uninstall(command.release, command.namespace, self._deadline, as_user=self._inputs.as_user)
        except OperationFailed as error:
            if error.failure.code not in (UNKNOWN_KIND, "release_indivisible"):
                raise
            await self._remove_by_hand(observed)

    async def _remove_by_hand(self, observed: Observed) -> None:
        """Remove what Helm refuses to, as when a kind of the release is not served any more: its objects went with it."""
        command, last = self._command, observed.last
        if last is None:
            return
        for item in await self._cluster.manifest(command.namespace, command.release, last.revision):
            live = await self._cluster.find(item, command.namespace)
            if live and _made_by(live, command):
                await self._cluster.remove(item, command.namespace)
        for record in observed.history:
            await self._cluster.remove_record(command.namespace, command.release, record.revision)

    async def _delete_namespace(self, observed: Observed) -> None:
        if observed.namespace:
            await self._cluster.delete_namespace(self._command.namespace, uid=observed.namespace.uid)

    async def _prepare(self, observed: Observed) -> None:
        """Lay the rules; what is left, the tenant does itself."""
        rights = self._inputs.tenant_of(observed.namespace)
        for item in tenant.walls(rights):
            await self._cluster.apply(item, rights.namespace, manager=tenant.MANAGER)
        await self._give_access(rights)
        for item in await self._logins(rights):
            await self._cluster.apply(item, rights.namespace, manager=tenant.MANAGER, as_user=rights.user)
        await self._cluster.mark_namespace(
            rights.namespace, labels=rights.labels, annotations={TENANT_ANNOTATION: rights.digest}
        )

    async def _logins(self, rights: Tenant) -> list[Object]:
        """Return what pods pull images with; when that is nothing by now, remove what there was."""
        if rights.pull:
            return tenant.logins(rights)
        secret, account = tenant.no_logins(rights)
        if await self._cluster.find(secret, rights.namespace) is None:
            return []
        await self._cluster.remove(secret, rights.namespace)
        return [account]

    async def _give_access(self, rights: Tenant) -> None:
        """Make the tenant's account, and wait until the API server knows its rights: all else is done with them."""
        for item in tenant.access(rights):
            await self._cluster.apply(item, rights.namespace, manager=tenant.MANAGER)
        until = self._clock.monotonic() + BINDING_WITHIN_SEC
        while not await self._cluster.may_write(rights.namespace, rights.user):
            if self._clock.monotonic() >= until:
                raise transient("rights_missing", "the cluster does not know the tenant's rights yet", changed=True)
            await self._clock.sleep(QUICK_LOOK_SEC)

    async def _take_access(self, rights: Tenant) -> None:
        """Give a namespace back that is not ours: the account goes, and at last its right to remove itself."""
        for item in tenant.access(rights):
            await self._cluster.remove(item, rights.namespace)

    async def _adopt(self, observed: Observed) -> None:  # noqa: ARG002
        """Mark namespace and record as ours when the chart and values give just what the record has."""
        rights = msgspec.structs.replace(self._inputs.tenant, adopted=True)
        await self._give_access(rights)
        try:
            await self._take_over()
        except OperationFailed:
            await self._take_access(rights)
            raise

    async def _take_over(self) -> None:
        command = self._command
        history = await self._cluster.release_history(command.namespace, command.release)
        last = history[-1] if history else None
        if last is None or last.status != "deployed":
            raise terminal("adoption_refused", "there is no deployed release of that name in the namespace")
        stored = await self._cluster.manifest(command.namespace, command.release, last.revision)
        rendered = await self._helm.render(self._inputs.release, on_server=True)
        if different := _different(stored, list(rendered.objects)):
            raise terminal(
                "adoption_differs", f"chart and values would change the running release: {'; '.join(different[:5])}"
            )
        await self._cluster.label_record(command.namespace, command.release, last.revision, self._inputs.release.labels)
        ours = {INSTALLATION_LABEL: str(command.installation), DEPLOYMENT_LABEL: str(command.deployment)}
        await self._cluster.mark_namespace(
            command.namespace, labels=ours, annotations={ADOPTED_ANNOTATION: "true", LEFT_ANNOTATION: None}
        )

    async def _leave(self, observed: Observed) -> None:  # noqa: ARG002
        await self._take_access(self._inputs.tenant)
        await self._cluster.mark_namespace(
            self._command.namespace,
            labels={INSTALLATION_LABEL: None, DEPLOYMENT_LABEL: None},
            annotations={
                ADOPTED_ANNOTATION: None, TENANT_ANNOTATION: None, LEFT_ANNOTATION: str(self._command.deployment),
            },
        )  # fmt: skip

    async def _apply(self, observed: Observed) -> None:  # noqa: ARG002
        if secret := self._inputs.secret:
            await self._cluster.apply(
                secret, self._command.namespace, manager=tenant.MANAGER, as_user=self._inputs.tenant.user
            )
        require(self._clock, self._deadline)
        await self._helm.apply(self._inputs.release, self._deadline)

    async def _prune(self, observed: Observed) -> None:
        """Remove objects of failed revisions that the last one does not have, when Helm made them for this release.

        The record of such a revision goes last: as long as it is there, what it left may be there too.
        """
        command, last = self._command, observed.last
        if last is None:
            return
        kept = {_name(item) for item in await self._cluster.manifest(command.namespace, command.release, last.revision)}
        for record in observed.failed_before_last:
            for item in await self._cluster.manifest(command.namespace, command.release, record.revision):
                if _name(item) in kept:
                    continue
                live = await self._cluster.find(item, command.namespace)
                if live and _made_by(live, command):
                    await self._cluster.remove(item, command.namespace)
            await self._cluster.remove_record(command.namespace, command.release, record.revision)

    async def _correct(self, observed: Observed) -> None:
        command, last = self._command, observed.last
        if last is None:
            return
        if command.allow.crds:  # a definition that vanished took its objects along
            await crds.install(self._cluster, self._clock, self._inputs.release.chart)
        wrong = {(each.kind, each.name) for each in observed.drift}
        for item in await self._cluster.manifest(command.namespace, command.release, last.revision):
            if (item["kind"], item["metadata"]["name"]) in wrong:
                whole = as_helm_has_it(item, command.release, command.namespace)
                await self._cluster.apply(whole, command.namespace, manager=FIELD_MANAGER, as_user=self._inputs.as_user)

    async def _wait_gone(self, observed: Observed) -> None:  # noqa: ARG002
        until = self._clock.monotonic() + GONE_WITHIN_SEC
        while found := await self._cluster.namespace(self._command.namespace):
            if self._clock.monotonic() >= until:
                held = await self._cluster.held_up(self._command.namespace)
                why = f"held up by {'; '.join(held[:NAMED])}" if held else found.remaining or "no reason given"
                reason = f"the namespace is still there after {GONE_WITHIN_SEC:.0f} s: {why}"
                raise transient("namespace_stuck", reason, changed=True)
            await self._clock.sleep(LOOK_SEC)


def labels_of(command: Command) -> dict[str, str]:
    """Return the labels by which a stored revision is known to be what a command wanted."""
    return {
        GENERATION_LABEL: str(command.generation),
        DIGEST_LABEL: command.digest,
        FENCE_LABEL: str(command.fence),
    }


def _name(item: Object) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]


def _made_by(live: Object, command: Command) -> bool:
    annotations = live["metadata"].get("annotations", {})
    ours = (annotations.get("meta.helm.sh/release-name"), annotations.get("meta.helm.sh/release-namespace"))
    return ours == (command.release, command.namespace) and annotations.get("helm.sh/resource-policy") != "keep"


def _different(stored: list[Object], rendered: list[Object]) -> list[str]:
    """Return a phrase for each object that is not the same in both."""
    before, after = {_name(item): item for item in stored}, {_name(item): item for item in rendered}
    found: list[str] = []
    for kind, name in sorted({*before, *after}):
        if (kind, name) not in before or (kind, name) not in after:
            found.append(f"{kind} {name} is {'removed' if (kind, name) in before else 'added'}")
        elif fields := changes(before[kind, name], after[kind, name]):
            found.append(f"{kind} {name} at {', '.join(field.pointer for field in fields[:3])}")
    return found
