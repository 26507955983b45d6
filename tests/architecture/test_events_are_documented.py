"""Published schemas are what the code says, and docs/events.md names every type."""

from pathlib import Path

import pytest

from slipway.domain.event_data import EVENT_DATA, schema
from slipway.domain.events import EventType

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("event", EventType)
def test_the_published_schema_is_current(event: EventType):
    assert (DOCS / "schemas" / f"{event.value}.json").read_bytes() == schema(event), (
        "python -m slipway.dev.schemas docs/schemas"
    )


@pytest.mark.parametrize("event", EventType)
def test_every_type_is_listed(event: EventType):
    assert f"`{event.value}`" in (DOCS / "events.md").read_text()
    assert event in EVENT_DATA


def test_no_schema_is_left_over():
    assert {path.stem for path in (DOCS / "schemas").glob("*.json")} == {event.value for event in EventType}
