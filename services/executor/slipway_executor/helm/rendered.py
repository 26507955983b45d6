"""Reads what Helm rendered: objects, and hooks apart."""

from collections.abc import Iterable

from slipway_executor.cluster.releases import objects_of
from slipway_executor.helm.port import Rendered

HOOK = "helm.sh/hook"


def of_release(manifest: str, hooks: Iterable[str], notes: str) -> Rendered:
    """Read a release that was made without being stored."""
    found = [document for hook in hooks for document in objects_of(hook)]
    return Rendered(objects=tuple(objects_of(manifest)), hooks=tuple(found), notes=notes)


def of_stream(text: str) -> Rendered:
    """Read objects and hooks that stand in one stream."""
    found = objects_of(text)
    hooks = [item for item in found if HOOK in (item["metadata"].get("annotations") or {})]
    return Rendered(objects=tuple(item for item in found if item not in hooks), hooks=tuple(hooks))
