"""What a preview says, in a sentence for people: pure."""

from collections.abc import Sequence

from slipway.messaging.queries import ObjectName
from slipway_api.schemas.previews import PreviewRead

NAMED = 12
"""Objects that are named; more are counted."""


def effects(preview: PreviewRead) -> list[str]:
    """Return what would happen to the objects."""
    counted = (("added", preview.added), ("changed", preview.changed), ("removed", preview.removed))
    found = [
        f"{len(objects)} {'object' if len(objects) == 1 else 'objects'} {verb}" for verb, objects in counted if objects
    ]
    if preview.removes_everything:
        found.append("nothing of the application is left")
    return found or ["no object changes"]


def sentence(what: str, effects: list[str]) -> str:
    """Return what is proposed and what it does."""
    return f"{what}: {', '.join(effects)}."


def named(objects: Sequence[ObjectName] | None) -> str:
    """Return the objects by name; None: no executor could tell."""
    if objects is None:
        return "nobody can list its objects just now"
    names = ", ".join(f"{each.kind}/{each.name}" for each in objects[:NAMED]) or "no object is left of it"
    return f"{names} and {len(objects) - NAMED} more" if len(objects) > NAMED else names
