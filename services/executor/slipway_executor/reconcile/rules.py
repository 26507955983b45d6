"""What is checked of a rendering before the first write of an upgrade or of a chart that acts with the executor's rights."""

from collections.abc import Sequence

from slipway.domain.jobs import JobOption
from slipway.messaging.messages import Command
from slipway_executor.cluster.port import Cluster, Object
from slipway_executor.failing import OperationFailed, terminal
from slipway_executor.helm.port import Helm, Release, Rendered
from slipway_executor.reconcile.inputs import Inputs
from slipway_executor.reconcile.marks import marked
from slipway_executor.reconcile.state import Observed
from slipway_executor.reconcile.usage import asked_for


async def check(cluster: Cluster, helm: Helm, command: Command, inputs: Inputs, observed: Observed) -> None:
    """Refuse, before anything is written, what was not promised, not allowed or not confirmed."""
    trusted = inputs.as_user is None
    upgrade = any(record.status in ("deployed", "superseded") for record in observed.history)
    if not (trusted or upgrade or command.promised):
        return
    rendered = await _render(helm, inputs.release, on_server=trusted or command.promised is not None)
    if command.promised and marked(inputs.mark, rendered) != command.promised:
        raise terminal(
            "preview_outdated", "the chart renders something else by now than the preview showed: preview again"
        )
    if upgrade and not rendered.objects and JobOption.CONFIRM_EMPTY not in command.options:
        raise terminal(
            "would_remove_everything", "these values remove every object of the release: confirm with confirm_empty"
        )
    if command.limits and (too_much := asked_for(rendered.objects).beyond(command.limits)):
        raise terminal("quota_exceeded", f"the user's quota does not allow it: {'; '.join(too_much)}")
    if trusted:
        await _check_places(cluster, [*rendered.objects, *rendered.hooks], command)


async def _render(helm: Helm, release: Release, *, on_server: bool) -> Rendered:
    """Render without the cluster where that is enough: it is cheaper, but some charts want to see the cluster."""
    if not on_server:
        try:
            rendered = await helm.render(release, on_server=False)
        except OperationFailed:
            rendered = None
        if rendered and rendered.objects:
            return rendered
    return await helm.render(release, on_server=True)


async def _check_places(cluster: Cluster, items: Sequence[Object], command: Command) -> None:
    """Refuse objects in other namespaces, and kinds without one that the template does not allow."""
    for item in items:
        kind, name = item["kind"], item["metadata"]["name"]
        place = item["metadata"].get("namespace", command.namespace)
        namespaced = await cluster.namespaced(item["apiVersion"], kind)
        if namespaced is False and kind not in command.allow.cluster_scoped:
            raise terminal("not_allowed", f"the chart has a {kind} {name}, which the template does not allow")
        if namespaced is not False and place != command.namespace:
            raise terminal("not_allowed", f"the chart puts {kind} {name} into another namespace ({place})")
