"""What a preview says, in a sentence for people: pure."""

from slipway_api.schemas.previews import PreviewRead


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
