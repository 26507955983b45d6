"""Live objects against what the release says: by applying each again on the server, as a dry run."""

import asyncio
from collections.abc import Sequence

from slipway.domain.revisions import Drifted
from slipway_executor.cluster.port import NO_DRY_RUN, UNKNOWN_KIND, Cluster, Object
from slipway_executor.failing import OperationFailed
from slipway_executor.reconcile.differences import autoscaled, drift

FIELD_MANAGER = "helm"
"""Helm's own: what it has set, and nobody else took over, is no difference."""
AT_ONCE = 8


def as_helm_has_it(item: Object, release: str, namespace: str) -> Object:
    """Return a rendered object with the marks of ownership that Helm adds to it."""
    meta = item["metadata"]
    marks = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}
    labels = {**(meta.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"}
    annotations = {**(meta.get("annotations") or {}), **marks}
    return {**item, "metadata": {**meta, "labels": labels, "annotations": annotations}}


async def judged(cluster: Cluster, item: Object, namespace: str, release: str, *, as_user: str | None) -> Object | None:
    """Return what an object would be when it is applied again, by a dry run.

    None when the server cannot tell: a webhook with side effects has its say, or the kind is not served.
    """
    whole = as_helm_has_it(item, release, namespace)
    try:
        return await cluster.apply(whole, namespace, manager=FIELD_MANAGER, dry_run=True, as_user=as_user)
    except OperationFailed as error:
        if error.failure.code not in (NO_DRY_RUN, UNKNOWN_KIND):
            raise
        return None


async def find_drift(
    cluster: Cluster,
    manifest: Sequence[Object],
    namespace: str,
    release: str,
    *,
    ignore: Sequence[str],
    as_user: str | None = None,
) -> list[Drifted]:
    """Return the objects that are missing or differ, as far as the server can tell. Read-only."""
    rules = [*ignore, *autoscaled(manifest)]
    limit = asyncio.Semaphore(AT_ONCE)

    async def look(item: Object) -> Drifted | None:
        async with limit:
            live = await cluster.find(item, namespace)
            if live is None:
                return drift(item, None, None, rules)
            applied = await judged(cluster, item, namespace, release, as_user=as_user)
            return drift(item, live, applied, rules) if applied else None

    found = await asyncio.gather(*(look(item) for item in manifest))
    return [each for each in found if each]
