"""What must be in the cluster before the API server can judge an object. Pure."""

from collections.abc import Iterator

from slipway_executor.cluster.port import Object

Name = tuple[str, str]
"""Kind and name."""


def needs(item: Object) -> set[Name]:
    """Return the objects without which the server refuses this one, whatever it says itself."""
    return set(_needs(item))


def _needs(item: Object) -> Iterator[Name]:
    if place := item["metadata"].get("namespace"):
        yield "Namespace", place
    if item["kind"] in ("RoleBinding", "ClusterRoleBinding"):  # it gives only what its maker has: the role is read
        role = item.get("roleRef") or {}
        yield role.get("kind", ""), role.get("name", "")
    if item["kind"] == "Pod":  # a controller's pods are made later, and not by us
        spec = item.get("spec") or {}
        for kind, field in (("ServiceAccount", "serviceAccountName"), ("PriorityClass", "priorityClassName")):
            if name := spec.get(field):
                yield kind, name
