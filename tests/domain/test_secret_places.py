"""Where a schema's secrets are: all of their places, found in one way through it, and none that is without end."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.domain.charts import Capabilities
from slipway.domain.secrets import secret_pointers, secrets_end

PARTS = ("a", "b", "c")
REFERENCES = st.sampled_from([f"#/$defs/{name}" for name in PARTS])
SECRET = {"type": "string", "format": "password"}
NODES = st.recursive(
    st.sampled_from([{}, {"type": "string"}, SECRET, {"writeOnly": True}]) | st.fixed_dictionaries({"$ref": REFERENCES}),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "$ref": REFERENCES,
            "properties": st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
            "allOf": st.lists(inner, max_size=2),
            "anyOf": st.lists(inner, max_size=2),
        },
    ),
    max_leaves=4,
)  # fmt: skip


def document(own: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {"user": {"properties": {"z": own}}}, "$defs": parts}


SCHEMAS = st.builds(document, NODES, st.fixed_dictionaries(dict.fromkeys(PARTS, NODES)))
DEEPEST = 5


def places(node: dict[str, Any], schema: dict[str, Any], path: str, here: frozenset[str]) -> Iterator[str]:
    """Yield every place of a secret down to a depth, by trying each; `here` are the references that led to this very place."""
    if path and (node.get("format") == "password" or node.get("writeOnly")):
        yield path
        return
    if "$ref" in node and node["$ref"] not in here:
        part = schema["$defs"][node["$ref"].rpartition("/")[2]]
        yield from places(part, schema, path, here | {node["$ref"]})
    for child in (*node.get("allOf", ()), *node.get("anyOf", ())):
        yield from places(child, schema, path, here)
    for name, child in node.get("properties", {}).items():
        if path.count("/") < DEEPEST:
            yield from places(child, schema, f"{path}/{name}", frozenset())


def outermost(found: set[str]) -> set[str]:
    return {each for each in found if not any(each.startswith(f"{other}/") for other in found)}


@given(SCHEMAS)
def test_every_place_is_found_where_they_can_be_told_and_without_end_where_not(schema: dict[str, Any]):
    tried = outermost(set(places(schema["properties"]["user"], schema, "", frozenset())))
    found = secret_pointers(schema, Capabilities())
    assert {each for each in found if each.count("/") <= DEEPEST} <= tried
    if secrets_end(schema, Capabilities()):
        assert tried <= found
    if not tried:
        assert secrets_end(schema, Capabilities()), "what contains itself is fine without secrets"


class Counted(dict[str, Any]):
    """A part of a schema that knows how often it was looked at."""

    looks = 0

    def get(self, key: str, default: Any = None) -> Any:
        Counted.looks += 1
        assert Counted.looks < 10_000, "it is looked at again and again"
        return super().get(key, default)


@pytest.mark.parametrize("last", [{"$ref": "#/$defs/0"}, SECRET], ids=["itself", "secret"])
def test_a_part_is_looked_at_once_however_many_places_refer_to_it(last: dict[str, Any]):
    Counted.looks = 0
    parts = {
        str(level): Counted(properties={name: Counted({"$ref": f"#/$defs/{level + 1}"}) for name in "lr"})
        for level in range(40)
    }
    schema: dict[str, Any] = {"properties": {"user": Counted({"$ref": "#/$defs/0"})}, "$defs": {**parts, "40": last}}
    found = secret_pointers(schema, Capabilities())
    assert secrets_end(schema, Capabilities()) == (last is not SECRET)
    assert len(found) <= 1000


@pytest.mark.parametrize(
    "part",
    [
        {"properties": {"next": {"$ref": "#/$defs/n"}, "password": SECRET}},
        {"allOf": [{"$ref": "#/$defs/n"}], "properties": {"password": SECRET}},
        {"properties": {"next": {"properties": {"next": {"$ref": "#/$defs/n"}}, "allOf": [{"writeOnly": True}]}}},
    ],
    ids=["list", "same-place", "below-a-secret"],
)
def test_a_secret_in_a_part_that_contains_itself_has_no_end_of_places(part: dict[str, Any]):
    schema: dict[str, Any] = {"properties": {"user": {"$ref": "#/$defs/n"}}, "$defs": {"n": part}}
    assert not secrets_end(schema, Capabilities())
    schema["$defs"]["n"] = {"properties": {"next": {"$ref": "#/$defs/n"}}}
    assert secrets_end(schema, Capabilities())


def test_of_a_chart_that_nobody_wrote_for_slipway_the_whole_schema_counts():
    schema = {"properties": {"auth": {"properties": {"password": SECRET}}, "user": {"properties": {"name": SECRET}}}}
    assert secret_pointers(schema, Capabilities(user_values_paths=("/auth",))) == {"/auth/password", "/user/name"}
    assert secret_pointers(schema, Capabilities()) == {"/name"}
