"""What keeps a terminating namespace from going."""

import asyncio
from collections.abc import Sequence

from slipway_executor.cluster.discovery import Discovery, Resource
from slipway_executor.cluster.kubernetes import METADATA_ONLY, KubernetesApi, NotThere
from slipway_executor.cluster.port import Object
from slipway_executor.failing import OperationFailed

AT_ONCE = 8


async def held_up(apis: Sequence[KubernetesApi], discovery: Discovery, namespace: str) -> list[str]:
    """Return every object that is there still, with its finalizers; those that have some come first.

    `apis` are asked in turn: a tenant's rights are among the first that go with its namespace. What none of them may
    see is left out.
    """
    limit = asyncio.Semaphore(AT_ONCE)

    async def look(resource: Resource) -> list[tuple[bool, str]]:
        async with limit:
            for api in apis:
                try:
                    listed = await api.get(resource.path(namespace), accept=METADATA_ONLY)
                except (NotThere, OperationFailed):  # a kind that went away, or may not be seen
                    continue
                return [_named(resource.kind, item["metadata"]) for item in listed["items"] or []]
            return []

    found = await asyncio.gather(*(look(each) for each in await discovery.in_namespaces()))
    return [name for _, name in sorted(each for names in found for each in names)]


def _named(kind: str, meta: Object) -> tuple[bool, str]:
    finalizers = meta.get("finalizers")
    return not finalizers, f"{kind} {meta['name']}" + (f" (finalizer {', '.join(finalizers)})" if finalizers else "")
