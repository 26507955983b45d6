"""How often a schema's parts look at a value's places: told, and cheaply."""

from typing import Any

import pytest

from slipway.domain.schema_work import EACH_PLACE, MOST_LOOKS, TooMuchWork, check_work
from slipway.domain.schemas import Document


class Counted(dict[str, Any]):
    """A part of a schema that knows how often it was looked at."""

    looks = 0

    def get(self, key: str, default: Any = None) -> Any:
        Counted.looks += 1
        return super().get(key, default)


def counted(part: Any) -> Any:
    return Counted({key: counted(child) for key, child in part.items()}) if isinstance(part, dict) else part


def check(schema: dict[str, Any], values: Any) -> None:
    check_work(Document(schema), schema, values)


@pytest.mark.parametrize(
    "items", [{"$ref": "#/$defs/item"}, {"allOf": [{"$ref": "#/$defs/item"}]}], ids=["plain", "all"]
)
def test_the_count_looks_at_a_part_once_however_many_places_it_holds_for(items: dict[str, Any]):
    item = {
        "properties": {f"p{number}": {"$ref": "#/$defs/leaf"} for number in range(50)},
        "additionalProperties": False,
    }
    schema = counted({"items": items, "$defs": {"item": item, "leaf": {"type": "string"}}})
    Counted.looks = 0
    check(schema, [{}] * 87_000 + [{"p1": "a", "p2": "b", "other": 1}])
    assert Counted.looks < 2_000


def test_what_looks_at_every_place_a_few_times_is_never_too_much_and_what_doubles_is():
    few = {"items": {"allOf": [{"$ref": "#/$defs/leaf"}] * (EACH_PLACE // 4)}, "$defs": {"leaf": {}}}
    check(few, [1] * 100_000)
    many = {"items": {"allOf": [{"$ref": "#/$defs/leaf"}] * EACH_PLACE * 2}, "$defs": {"leaf": {}}}
    check(many, [1] * 1_000)
    with pytest.raises(TooMuchWork):
        check(many, [1] * (MOST_LOOKS // EACH_PLACE))


def test_the_count_itself_has_an_end():
    """Each name adds other parts to those that look: more lists of parts than there are names."""
    names = [f"n{number}" for number in range(100)]
    root = {"$ref": "#"}
    own: list[Any] = [{"properties": {each: root for each in names if each != name}} for name in names]
    below: list[Any] = [{"properties": {name: {"properties": dict.fromkeys(names, root)}}} for name in names]
    with pytest.raises(TooMuchWork):
        check({"allOf": own + below}, {name: {other: {name: {other: {}}} for other in names} for name in names})
