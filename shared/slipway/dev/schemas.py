"""Writes docs/schemas again: `python -m slipway.dev.schemas DIR`."""

import sys
from pathlib import Path

from slipway.domain.event_data import schema
from slipway.domain.events import EventType


def write(folder: Path) -> None:
    """Write the schema of every event type."""
    folder.mkdir(parents=True, exist_ok=True)
    for event in EventType:
        (folder / f"{event.value}.json").write_bytes(schema(event))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
