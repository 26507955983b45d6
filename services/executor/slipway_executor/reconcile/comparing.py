"""Live objects against what the release says: by applying each again on the server, as a dry run."""

import asyncio
from collections.abc import Sequence

from slipway.domain.revisions import Drifted
from slipway_executor.cluster.port import Cluster, Object
from slipway_executor.reconcile.differences import autoscaled, drift

FIELD_MANAGER = "helm"
"""Helm's own: what it has set, and nobody else took over, is no difference."""
AT_ONCE = 8


async def find_drift(
    cluster: Cluster, manifest: Sequence[Object], namespace: str, *, ignore: Sequence[str], as_user: str | None = None
) -> list[Drifted]:
    """Return the objects that are missing or differ. Read-only."""
    rules = [*ignore, *autoscaled(manifest)]
    limit = asyncio.Semaphore(AT_ONCE)

    async def look(item: Object) -> Drifted | None:
        async with limit:
            live = await cluster.find(item, namespace)
            if live is None:
                return drift(item, None, None, rules)
            applied = await cluster.apply(item, namespace, manager=FIELD_MANAGER, dry_run=True, as_user=as_user)
            return drift(item, live, applied, rules)

    found = await asyncio.gather(*(look(item) for item in manifest))
    return [each for each in found if each]
