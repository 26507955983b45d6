"""A deployment's Kubernetes Lease, read and written: who may write, and under which fence."""

import contextlib
from collections.abc import Generator

from slipway_executor.cluster.kubernetes import Conflict, NotThere
from slipway_executor.cluster.port import LeaseConflict, LeaseRecord, Object

FENCE_ANNOTATION = "slipway.dev/fence"


def record(found: Object) -> LeaseRecord:
    meta = found["metadata"]
    return LeaseRecord(
        name=meta["name"],
        holder=found.get("spec", {}).get("holderIdentity") or "",
        fence=int(meta.get("annotations", {}).get(FENCE_ANNOTATION, "0")),
        resource_version=meta["resourceVersion"],
    )


def body(name: str, holder: str, fence: int, resource_version: str | None) -> Object:
    meta: Object = {"name": name, "annotations": {FENCE_ANNOTATION: str(fence)}}
    if resource_version:
        meta["resourceVersion"] = resource_version
    spec = {"holderIdentity": holder} if holder else {}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}


@contextlib.contextmanager
def unchanged(name: str) -> Generator[None]:
    """LeaseConflict where somebody else was faster, or the namespace is not known yet: look again."""
    try:
        yield
    except (Conflict, NotThere) as error:
        raise LeaseConflict(name) from error
