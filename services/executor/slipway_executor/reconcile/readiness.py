"""Whether live objects are ready, after the rules of kstatus: what the controllers themselves report, generation included."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec

from slipway_executor.cluster.port import Object


class Unready(msgspec.Struct, frozen=True, kw_only=True):
    """An object that is not ready, and why."""

    kind: str
    name: str
    reason: str
    hopeless: bool = False
    """Its controller has given up."""


Judge = Callable[[Object], str | None]
"""Returns why the object is not ready, or None."""


def unready(expected: Collection[tuple[str, str]], live: Sequence[Object]) -> list[Unready]:
    """Return what keeps a release from being ready. `expected` are (kind, name) of the objects whose state counts."""
    there = {(item["kind"], item["metadata"]["name"]): item for item in live}
    found: list[Unready] = []
    for kind, name in sorted(expected):
        item = there.get((kind, name))
        if item is None:
            found.append(Unready(kind=kind, name=name, reason="is not there"))
        elif reason := why_unready(kind, item):
            found.append(Unready(kind=kind, name=name, reason=reason, hopeless=_given_up(kind, item)))
    return found


def why_unready(kind: str, item: Object) -> str | None:
    """Return why a live object is not ready, or None; a kind without a rule of its own is judged by its conditions."""
    if "deletionTimestamp" in item["metadata"]:
        return "is being removed"
    status: dict[str, Any] = item.get("status", {})
    observed = status.get("observedGeneration")
    if observed is not None and observed < item["metadata"].get("generation", 0):
        return "was not yet seen by its controller"
    return _JUDGES.get(kind, _by_conditions)(item)


def is_custom(item: Object) -> bool:
    """Tell whether the object is of a kind that somebody's controller brought along, or brings such a kind along."""
    group = item["apiVersion"].rpartition("/")[0]
    return item["kind"] == "CustomResourceDefinition" or ("." in group and not group.endswith("k8s.io"))


def may_wait(item: Object) -> bool:
    """Tell whether a rendered object may be unready once it is there: a Service without a load balancer may not."""
    return item["kind"] != "Service" or (item.get("spec") or {}).get("type") == "LoadBalancer"


def _deployment(item: Object) -> str | None:
    spec, status = item["spec"], item.get("status", {})
    wanted = spec.get("replicas", 1)
    if "observedGeneration" not in status:
        return "was not yet seen by its controller"
    return _short_of(status, wanted, ("updatedReplicas", "availableReplicas", "readyReplicas")) or (
        "still has old replicas" if status.get("replicas", 0) > wanted else None
    )


def _stateful_set(item: Object) -> str | None:
    spec, status = item["spec"], item.get("status", {})
    wanted = spec.get("replicas", 1)
    if "observedGeneration" not in status:
        return "was not yet seen by its controller"
    strategy = spec.get("updateStrategy", {})
    if strategy.get("type") == "OnDelete":
        return _short_of(status, wanted, ("readyReplicas",))
    partition = strategy.get("rollingUpdate", {}).get("partition", 0)
    if status.get("updatedReplicas", 0) < wanted - partition:
        return f"has {status.get('updatedReplicas', 0)} of {wanted - partition} replicas updated"
    return _short_of(status, wanted, ("readyReplicas",))


def _daemon_set(item: Object) -> str | None:
    status = item.get("status", {})
    if "observedGeneration" not in status:
        return "was not yet seen by its controller"
    return _short_of(
        status, status.get("desiredNumberScheduled", 0), ("updatedNumberScheduled", "numberAvailable", "numberReady")
    )


def _replica_set(item: Object) -> str | None:
    return _short_of(item.get("status", {}), item["spec"].get("replicas", 1), ("readyReplicas",))


def _job(item: Object) -> str | None:
    conditions = _true_conditions(item)
    if "Failed" in conditions:
        return f"failed: {conditions['Failed']}"
    return None if "Complete" in conditions or item["spec"].get("suspend") else "has not completed"


def _pod(item: Object) -> str | None:
    if item.get("status", {}).get("phase") == "Succeeded" or "Ready" in _true_conditions(item):
        return None
    return f"is {item.get('status', {}).get('phase', 'Pending')}, not ready"


def _claim(item: Object) -> str | None:
    phase = item.get("status", {}).get("phase")
    return None if phase == "Bound" else f"is {phase or 'Pending'}"


def _service(item: Object) -> str | None:
    if item["spec"].get("type") != "LoadBalancer" or item.get("status", {}).get("loadBalancer", {}).get("ingress"):
        return None
    return "has no load balancer address yet"


def _by_conditions(item: Object) -> str | None:
    """Judge by what controllers have agreed on: Stalled and Reconciling when true, Ready (or Established) unless true."""
    conditions = {each["type"]: each for each in item.get("status", {}).get("conditions", [])}
    for name, bad in (("Stalled", {"True"}), ("Reconciling", {"True"}), ("Ready", _NOT_YET), ("Established", _NOT_YET)):
        if name in conditions and conditions[name].get("status") in bad:
            message = conditions[name].get("message") or conditions[name].get("reason") or "no reason given"
            return f"is {'not ' if bad is _NOT_YET else ''}{name.lower()}: {message}"
    return None


_NOT_YET = frozenset({"False", "Unknown"})
_JUDGES: dict[str, Judge] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "ReplicaSet": _replica_set,
    "Job": _job,
    "Pod": _pod,
    "PersistentVolumeClaim": _claim,
    "Service": _service,
}


def _given_up(kind: str, item: Object) -> bool:
    return ("Failed" if kind == "Job" else "Stalled") in _true_conditions(item)


def _short_of(status: dict[str, Any], wanted: int, fields: Sequence[str]) -> str | None:
    for field in fields:
        if status.get(field, 0) < wanted:
            return f"has {status.get(field, 0)} of {wanted} {_words(field)}"
    return None


def _words(field: str) -> str:
    return {
        "updatedReplicas": "replicas updated", "availableReplicas": "replicas available", "readyReplicas": "replicas ready",
        "updatedNumberScheduled": "pods updated", "numberAvailable": "pods available", "numberReady": "pods ready",
    }[field]  # fmt: skip


def _true_conditions(item: Object) -> dict[str, str]:
    conditions = item.get("status", {}).get("conditions", [])
    return {each["type"]: each.get("message", "") for each in conditions if each.get("status") == "True"}
