"""What is checked of a rendering before the first write of a release."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from slipway.domain.jobs import JobOption
from slipway.domain.usage import Usage
from slipway.messaging.messages import Command
from slipway_executor.cluster.port import UNKNOWN_KIND, Cluster, Object
from slipway_executor.failing import OperationFailed, terminal
from slipway_executor.helm.port import Helm, Release, Rendered
from slipway_executor.reconcile.inputs import Inputs
from slipway_executor.reconcile.marks import marked
from slipway_executor.reconcile.state import Observed
from slipway_executor.reconcile.usage import asked_for

ENDLESS = frozenset({"render_too_slow", "rendered_too_large", "chart_needs_memory"})
"""What a chart would do on the server as well."""

DOUBTFUL = frozenset({"helm_failed", "render_too_slow"})
"""What may be the chart's fault or the cluster's, and nobody can tell which."""

Reserve = Callable[[Command, Usage], Awaitable[None]]
"""Has so much counted as the deployment's; OperationFailed when its owner may not have it."""


async def check(
    cluster: Cluster, helm: Helm, command: Command, inputs: Inputs, observed: Observed, reserve: Reserve
) -> None:
    """Refuse, before anything is written, what was not promised, not allowed or not confirmed, or is too much."""
    trusted = inputs.trusted
    upgrade = any(record.status in ("deployed", "superseded") for record in observed.history)
    rendered = await _render(helm, inputs.release, on_server=trusted or command.promised is not None)
    if command.promised and marked(inputs.mark, rendered) != command.promised:
        raise terminal(
            "preview_outdated", "the chart renders something else by now than the preview showed: preview again"
        )
    if upgrade and not rendered.objects and JobOption.CONFIRM_EMPTY not in command.options:
        raise terminal(
            "would_remove_everything", "these values remove every object of the release: confirm with confirm_empty"
        )
    if trusted:
        await _check_places(cluster, [*rendered.objects, *rendered.hooks], command)
    await reserve(command, asked_for(rendered.objects))


async def _render(helm: Helm, release: Release, *, on_server: bool) -> Rendered:
    """Render without the cluster where that is enough: it is cheaper, but some charts want to see the cluster."""
    if not on_server:
        try:
            rendered = await helm.render(release, on_server=False)
        except OperationFailed as error:
            if error.failure.code in ENDLESS:
                raise
            rendered = None
        if rendered and rendered.objects:
            return rendered
    try:
        return await helm.render(release, on_server=True)
    except OperationFailed as error:
        counted = error.failure.code in DOUBTFUL
        raise OperationFailed(msgspec.structs.replace(error.failure, counted=counted)) from error


async def _check_places(cluster: Cluster, items: Sequence[Object], command: Command) -> None:
    """Refuse objects in other namespaces, and kinds without one, or that nobody knows, that the template does not allow."""
    for item in items:
        kind, name = item["kind"], item["metadata"]["name"]
        place = item["metadata"].get("namespace", command.namespace)
        namespaced = await cluster.namespaced(item["apiVersion"], kind)
        if namespaced is False and kind not in command.allow.cluster_scoped:
            raise terminal("not_allowed", f"the chart has a {kind} {name}, which the template does not allow")
        if namespaced is None and kind not in command.allow.cluster_scoped:
            words = (
                f"the chart has a {kind} {name}, a kind that the cluster does not know and the template does not allow"
            )
            raise terminal(UNKNOWN_KIND, words)
        if namespaced is not False and place != command.namespace:
            raise terminal("not_allowed", f"the chart puts {kind} {name} into another namespace ({place})")
