"""Where a schema's secrets are: all of their places, found in one way through it, and none that is without end."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.domain.charts import Capabilities
from slipway.domain.secret_places import embedded_part, placeless_secret, secret_pointers, secrets_end

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


SECRETS = {"properties": {"password": SECRET}}


@pytest.mark.parametrize(
    ("own", "place"),
    [
        ({"items": SECRET}, "/items"),
        ({"type": "array", "prefixItems": [{}, SECRETS]}, "/prefixItems/1"),
        ({"additionalProperties": SECRETS}, "/additionalProperties"),
        ({"patternProperties": {"^a/b": SECRET}}, "/patternProperties/^a~1b"),
        ({"allOf": [{"properties": {"x": {"unevaluatedProperties": SECRET}}}]}, "/allOf/0/properties/x/unevaluatedProperties"),
        ({"additionalProperties": {"$ref": "#/$defs/s"}}, "/additionalProperties"),
    ],
    ids=["items", "prefix", "additional", "pattern", "unevaluated", "reference"],
)  # fmt: skip
def test_a_secret_without_a_fixed_place_is_told_by_its_place_in_the_schema(own: dict[str, Any], place: str):
    schema: dict[str, Any] = {"properties": {"user": {"properties": {"z": own}}}, "$defs": {"s": SECRETS}}
    assert placeless_secret(schema, Capabilities()) == f"/properties/user/properties/z{place}"


@pytest.mark.parametrize("around", ["if", "then", "else", "dependentSchemas", "$anchor", "$id", "#", "%", "index"])
def test_a_secret_with_a_fixed_place_is_found_wherever_the_schema_says_so(around: str):
    parts: dict[str, Any] = {
        "a": {"$anchor": "named", **SECRETS}, "b": {"$id": "#seven", **SECRETS}, "c d": SECRETS, "e": {"allOf": [SECRETS]},
    }  # fmt: skip
    own: dict[str, Any] = {
        "dependentSchemas": {"dependentSchemas": {"x": SECRETS}},
        "$anchor": {"$ref": "#named"},
        "$id": {"$ref": "#seven"},
        "#": {"$ref": "#"},
        "%": {"$ref": "#/$defs/c%20d"},
        "index": {"$ref": "#/$defs/e/allOf/0"},
    }.get(around, {around: SECRETS})
    schema: dict[str, Any] = {"properties": {"user": own}, "$defs": parts}
    if around == "#":
        schema["properties"]["password"] = SECRET
    assert secret_pointers(schema, Capabilities()) == {"/password"}
    assert placeless_secret(schema, Capabilities()) is None


def test_a_list_that_is_secret_as_a_whole_has_a_place():
    schema = {"properties": {"user": {"properties": {"keys": {"writeOnly": True, "items": SECRET}}}}}
    assert placeless_secret(schema, Capabilities()) is None
    assert secret_pointers(schema, Capabilities()) == {"/keys"}


TOKENS = {"properties": {"tokens": {"items": SECRET}}}


@pytest.mark.parametrize(
    "own",
    [
        {"writeOnly": True, **TOKENS},
        {"writeOnly": True, "allOf": [{"items": SECRET}]},
        {"allOf": [{"items": SECRET}, {"writeOnly": True}]},
        {"$ref": "#/$defs/t", "writeOnly": True},
        {"allOf": [TOKENS, {"$ref": "#/$defs/w"}]},
    ],
    ids=["object", "all", "beside", "reference", "secret by reference"],
)
def test_what_is_in_a_secret_needs_no_place_of_its_own(own: dict[str, Any]):
    schema: dict[str, Any] = {
        "properties": {"user": {"properties": {"z": own}}},
        "$defs": {"t": TOKENS, "w": {"writeOnly": True}},
    }
    assert placeless_secret(schema, Capabilities()) is None
    assert "/z" in secret_pointers(schema, Capabilities())
    schema["properties"]["user"]["properties"]["plain"] = {"$ref": "#/$defs/t"}
    assert placeless_secret(schema, Capabilities()) == "/$defs/t/properties/tokens/items"


def test_a_secret_without_a_place_in_a_part_that_contains_itself_is_not_lost():
    parts = {
        "a": {"properties": {"b": {"$ref": "#/$defs/b"}}, "items": SECRET},
        "b": {"properties": {"a": {"$ref": "#/$defs/a"}}},
    }
    own = {"hidden": {"writeOnly": True, "properties": {"a": {"$ref": "#/$defs/a"}}}, "open": {"$ref": "#/$defs/b"}}
    assert not secrets_end({"properties": {"user": {"properties": own}}, "$defs": parts}, Capabilities())


@pytest.mark.parametrize(
    ("paths", "place"),
    [
        (("/image",), None),
        ((), None),
        (("/image", "/auth"), "/properties/auth/properties/keys/items"),
        (("/auth/keys",), "/properties/auth/properties/keys/items"),
        (("/auth/keys/deeper",), "/properties/auth/properties/keys/items"),
        (("/auth/name",), None),
    ],
)
def test_only_what_users_may_set_needs_a_place(paths: tuple[str, ...], place: str | None):
    schema = {
        "properties": {"auth": {"properties": {"name": {}, "keys": {"items": SECRET}}}, "image": {"type": "string"}}
    }
    assert placeless_secret(schema, Capabilities(user_values_paths=paths)) == place


def test_a_part_with_an_id_of_its_own_is_told_when_there_are_secrets():
    own: dict[str, Any] = {"properties": {"x": {"$id": "https://example.org/x"}, "y": SECRET}}
    assert embedded_part({"properties": {"user": own}}) == "/properties/user/properties/x"
    own["properties"]["y"] = {"type": "string"}
    assert embedded_part({"properties": {"user": own}}) is None


@pytest.mark.parametrize("key", ["default", "const", "enum", "examples"])
def test_values_in_a_schema_are_no_schemas_but_a_property_may_have_any_name(key: str):
    value = {"$id": "https://example.org/x", "$anchor": "a"}
    own: dict[str, Any] = {"properties": {"x": {key: [value]}, "y": {"$ref": "#a"}, "z": {"$anchor": "a", **SECRET}}}
    assert embedded_part({"properties": {"user": own}}) is None
    assert secret_pointers({"properties": {"user": own}}, Capabilities()) == {"/y", "/z"}
    own["properties"][key] = {"$id": "https://example.org/x"}
    assert embedded_part({"properties": {"user": own}}) == f"/properties/user/properties/{key}"
