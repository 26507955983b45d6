"""What differs between two objects, and which differences are nobody's fault. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from slipway.domain.revisions import Drifted
from slipway.domain.values import parse_pointer, pointer
from slipway.messaging.queries import FieldChange
from slipway_executor.cluster.port import Object

SERVER_SET = (
    ("status",), ("metadata", "managedFields"), ("metadata", "resourceVersion"), ("metadata", "generation"),
    ("metadata", "uid"), ("metadata", "creationTimestamp"), ("metadata", "selfLink"),
    ("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"),
)  # fmt: skip
"""What the API server writes by itself."""
SECRET_DATA = ("data", "stringData")
MASK = "(hidden)"
Path = tuple[str | int, ...]


def changes(before: Object, after: Object) -> list[FieldChange]:
    """Return the fields that differ, the server's own left out, the data of Secrets masked."""
    secret = after.get("kind") == "Secret"
    found: list[FieldChange] = []
    for path, old, new in _differing(before, after, ()):
        hidden = secret and path[:1] and path[0] in SECRET_DATA
        found.append(
            FieldChange(
                pointer=pointer(path),
                before=MASK if hidden and old is not None else old,
                after=MASK if hidden and new is not None else new,
            )
        )
    return found


def _differing(before: Any, after: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    if path in SERVER_SET or before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _differing(before.get(key), after.get(key), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differing(old, new, (*path, index))
    else:
        yield path, before, after


def drift(item: Object, live: Object | None, applied: Object | None, ignore: Sequence[str]) -> Drifted | None:
    """Return how a live object differs from what applying `item` again would make of it; None when it does not.

    `applied` is the server's answer to a dry run. Fields that a rule of `ignore` covers do not count.
    """
    kind, name = item["kind"], item["metadata"]["name"]
    if live is None or "deletionTimestamp" in live["metadata"] or applied is None:
        return Drifted(kind=kind, name=name)
    fields = [
        change.pointer
        for change in changes(live, applied)
        if not any(covers(rule, kind, name, change.pointer) for rule in ignore)
    ]
    return Drifted(kind=kind, name=name, fields=tuple(fields)) if fields else None


def covers(rule: str, kind: str, name: str, place: str) -> bool:
    """Tell whether an ignore rule (`/pointer`, or `Kind/name:/pointer`; `*` for any name) covers a place or what is below."""
    whose, _, path = rule.rpartition(":")
    if whose and whose not in (f"{kind}/{name}", f"{kind}/*"):
        return False
    wanted = parse_pointer(path)
    return parse_pointer(place)[: len(wanted)] == wanted


def autoscaled(items: Sequence[Object]) -> list[str]:
    """Return ignore rules for the replicas that a HorizontalPodAutoscaler of the same release governs."""
    targets = [item["spec"]["scaleTargetRef"] for item in items if item["kind"] == "HorizontalPodAutoscaler"]
    return [f"{target['kind']}/{target['name']}:/spec/replicas" for target in targets]
