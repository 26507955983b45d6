"""What rendered objects ask of a cluster: the sums that quotas count. Pure."""

import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from slipway.domain.usage import Usage
from slipway_executor.cluster.port import Object
from slipway_executor.reconcile.tenant import DEFAULT_REQUESTS

_QUANTITY = re.compile(r"([0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)\Z")
_UNITS = {
    "": 1, "m": Decimal("0.001"), "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50,
}  # fmt: skip
POD_KINDS = ("Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "Job", "ReplicationController")


def asked_for(items: Iterable[Object]) -> Usage:
    """Return the sum over all objects; autoscaled workloads count with the most replicas that they may have."""
    items = list(items)
    most = {
        (target["kind"], target["name"]): item["spec"].get("maxReplicas", 1)
        for item in items
        if item["kind"] == "HorizontalPodAutoscaler" and (target := item["spec"].get("scaleTargetRef"))
    }
    total = Usage()
    for item in items:
        total = total.plus(_of(item, most))
    return total


def _of(item: Object, most: dict[tuple[str, str], int]) -> Usage:
    kind, spec = item["kind"], item.get("spec") or {}
    match kind:
        case "Pod":
            return _pods(spec, 1)
        case "PersistentVolumeClaim":
            return Usage(storage_gib=_claims([item]))
        case "CronJob":
            return _of(
                {"kind": "Job", "metadata": item["metadata"], "spec": spec.get("jobTemplate", {}).get("spec", {})}, {}
            )
        case _ if kind in POD_KINDS:
            many = spec.get("parallelism" if kind == "Job" else "replicas", 1)
            count = max(most.get((kind, item["metadata"]["name"]), 0), 1 if many is None else int(many))
            volumes = _claims(spec.get("volumeClaimTemplates") or [])
            pods = _pods((spec.get("template") or {}).get("spec") or {}, count)
            return pods.plus(Usage(storage_gib=volumes * count))
        case _:
            return Usage()


def _pods(spec: dict[str, Any], count: int) -> Usage:
    """A pod asks for the sum of its containers, or its largest init container when that is more."""
    running, first = _requests(spec.get("containers") or []), _requests(spec.get("initContainers") or [])
    cpu = max([sum(each[0] for each in running), *(each[0] for each in first)])
    memory = max([sum(each[1] for each in running), *(each[1] for each in first)])
    return Usage(cpu_milli=cpu * count, memory_mib=memory * count)


def _requests(containers: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for container in containers:
        resources = container.get("resources") or {}
        asked = {**DEFAULT_REQUESTS, **(resources.get("limits") or {}), **(resources.get("requests") or {})}
        found.append((math.ceil(quantity(asked["cpu"]) * 1000), math.ceil(quantity(asked["memory"]) / 2**20)))
    return found


def _claims(claims: Sequence[Object]) -> int:
    sizes = [claim.get("spec", {}).get("resources", {}).get("requests", {}).get("storage", "0") for claim in claims]
    return sum(math.ceil(quantity(size) / 2**30) for size in sizes)


def quantity(text: Any) -> Decimal:
    """Return a Kubernetes quantity as a number; what is none counts as 0 (the API server refuses it)."""
    found = _QUANTITY.match(str(text))
    if not found or found[2] not in _UNITS:
        return Decimal(0)
    return Decimal(found[1]) * _UNITS[found[2]]
