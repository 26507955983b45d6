"""Schemas of users' values: one that registers can be used, whatever is in it and whatever is given to it."""

from typing import Any

import httpx
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.database.engine import Database
from slipway.database.queries import products, templates
from slipway.domain.charts import Capabilities
from slipway.domain.kept import SMALL
from slipway_api.operations.values_schema import InvalidSchema, check_schema, problems
from tests.api.conftest import World, pointers
from tests.api.test_catalogue import register

DRAFTS = ("http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema", "another")
REFERENCES = st.sampled_from(
    ["#", "#/properties/user", "#/properties/user/properties/a", "#/$defs/a", "#/definitions/a", "#/allOf/0", "#a", "#/%24defs/a",
     "https://elsewhere.example.org/s"]
)  # fmt: skip
NODES = st.recursive(
    st.sampled_from([True, False, {}, {"type": "string"}, {"type": "nonsense"}, {"pattern": "("}, {"minLength": 2}]),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "$id": st.sampled_from(["https://example.org/s", "#a", ""]),
            "$anchor": st.just("a"),
            "$ref": REFERENCES,
            "properties": st.dictionaries(st.sampled_from(["a", "user"]), inner, max_size=2),
            "$defs": st.dictionaries(st.just("a"), inner, max_size=1),
            "definitions": st.dictionaries(st.just("a"), inner, max_size=1),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "additionalProperties": inner,
            "required": st.just(["a"]),
        },
    ),
    max_leaves=6,
)


def document(whole: bool | dict[str, Any], user: bool | dict[str, Any], draft: str | None) -> dict[str, Any]:
    around = whole if isinstance(whole, dict) else {}
    return {**around, **({"$schema": draft} if draft else {}), "properties": {"user": user}}


SCHEMAS = st.builds(document, NODES, NODES, st.sampled_from([None, *DRAFTS]))
VALUES = st.recursive(
    st.booleans() | st.integers(0, 3) | st.text("ab", max_size=3),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "user"]), inner, max_size=2),
    max_leaves=4,
)
WHOLE = Capabilities(user_values_paths=("/user", "/a"))


@given(SCHEMAS, st.dictionaries(st.sampled_from(["a", "b"]), VALUES, max_size=2))
def test_a_schema_that_registers_can_be_used(schema: dict[str, Any], values: dict[str, Any]):
    found = [each for capabilities in (Capabilities(), WHOLE) for each in problems(values, schema, capabilities)]
    try:
        check_schema(schema)
    except InvalidSchema:
        return
    assert not [each for each in found if "registers another" in each.message]


@pytest.mark.parametrize("draft", DRAFTS[:2])
def test_a_users_part_refers_to_anything_in_the_whole_schema(draft: str):
    user = {
        "$defs": {"colour": {"enum": ["red", "blue"]}},
        "properties": {
            "first": {"type": "string"},
            "second": {"$ref": "#/properties/user/properties/first"},
            "colour": {"$ref": "#/properties/user/$defs/colour"},
            "size": {"$ref": "#/$defs/size"},
        },
    }
    schema = {"$schema": draft, "$defs": {"size": {"type": "integer"}}, "properties": {"user": user}, "required": ["x"]}
    check_schema(schema)
    assert problems({"first": "a", "second": "b", "colour": "red", "size": 1}, schema, Capabilities()) == []
    wrong = problems({"second": 2, "colour": "green", "size": "big"}, schema, Capabilities())
    assert {each.pointer for each in wrong} == {"/second", "/colour", "/size"}


def nested(levels: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for _ in range(levels):
        values = {"a": values}
    return values


AGAIN = {"$ref": "#/$defs/n"}
DOUBLING: dict[str, dict[str, Any]] = {
    "in two parts": {"allOf": [{"properties": {"a": AGAIN}}, {"properties": {"a": AGAIN}}]},
    "twice at once": {"properties": {"a": {"allOf": [AGAIN, AGAIN]}}},
    "by name and by none": {"properties": {"a": AGAIN}, "anyOf": [{"additionalProperties": AGAIN}, {"type": "string"}]},
}


@pytest.mark.parametrize("part", DOUBLING.values(), ids=DOUBLING)
@pytest.mark.parametrize("draft", DRAFTS[:2])
def test_a_schema_that_doubles_with_each_level_does_not_hold_the_api_up(part: dict[str, Any], draft: str):
    """30 levels would be looked at a billion times; validation cannot be interrupted."""
    schema = {"$schema": draft, "properties": {"user": AGAIN}, "$defs": {"n": part}}
    check_schema(schema)
    [problem] = problems(nested(30), schema, Capabilities())
    assert "refers to its parts so often" in problem.message
    assert problems(nested(8), schema, Capabilities()) == []


def test_parts_that_refer_to_parts_twice_double_without_any_depth_of_values():
    parts = {f"p{level}": {"allOf": [{"$ref": f"#/$defs/p{level + 1}"}] * 2} for level in range(40)}
    schema = {"properties": {"user": {"$ref": "#/$defs/p0"}}, "$defs": {**parts, "p40": {"type": "object"}}}
    assert ["refers to its parts so often" in each.message for each in problems({"a": 1}, schema, Capabilities())] == [
        True
    ]


def test_values_of_any_size_are_judged_by_a_schema_that_refers_to_its_parts_once():
    """As flat as lists are: 87,000 items, and a part that looks at each through a dozen of others."""
    parts: dict[str, Any] = {"item": {"allOf": [{"$ref": "#/$defs/thing"}] * 12}, "thing": {"type": "object"}}
    user = {"properties": {"list": {"items": {"$ref": "#/$defs/item"}}}}
    assert problems({"list": [{}] * 87_000}, {"properties": {"user": user}, "$defs": parts}, Capabilities()) == []


def test_a_long_way_of_references_is_gone_to_its_end():
    parts: dict[str, Any] = {f"p{level}": {"$ref": f"#/$defs/p{level + 1}"} for level in range(300)}
    schema = {"properties": {"user": {"$ref": "#/$defs/p0"}}, "$defs": {**parts, "p300": {"required": ["a"]}}}
    assert problems({"a": 1}, schema, Capabilities()) == []
    assert [each.pointer for each in problems({"b": 1}, schema, Capabilities())] == [""]


def test_a_recursive_schema_is_no_trouble_for_values_of_any_size():
    tree = {"properties": dict.fromkeys("abc", AGAIN), "additionalProperties": {"items": AGAIN}}
    schema = {"properties": {"user": AGAIN}, "$defs": {"n": tree}}
    values = {"list": [nested(20) for _ in range(500)]}
    assert problems(values, schema, Capabilities()) == []


async def test_values_for_a_version_whose_schema_cannot_be_used_are_refused_with_the_reason(
    api: httpx.AsyncClient, world: World, database: Database
):
    """Such versions were registered before it was asked at registration."""
    schema = {"properties": {"user": {"$ref": "#/nowhere"}}}
    async with database.writing() as session:
        product = await products.get(session, world.mine.product)
        assert product is not None
        template = await templates.add(
            session, product, docker_image_url="nginx", values_schema_json=schema, default_values_json={}
        )
    body = {"template_id": str(template), "domain_name": "b.example.org", "user_values": {"a": 1}}
    assert pointers(await api.post("/deployments", json=body, headers=world.as_user)) == ["/user_values"]


async def test_a_recursive_schema_registers_and_is_used_unless_its_secrets_have_no_end(
    api: httpx.AsyncClient, world: World
):
    tree: dict[str, Any] = {"type": "object", "properties": {name: {"$ref": "#/$defs/tree"} for name in "abcdef"}}
    schema = {"properties": {"user": {"$ref": "#/$defs/tree"}}, "$defs": {"tree": tree}}
    made = await register(api, world, docker_image_url="nginx", values_schema_json=schema)
    assert made.status_code == 201, made.text
    body = {"template_id": made.json()["id"], "domain_name": "tree.example.org"}
    wrong = await api.post("/deployments", json={**body, "user_values": {"a": {"b": 1}}}, headers=world.as_user)
    assert pointers(wrong) == ["/user_values/a/b"]
    right = await api.post("/deployments", json={**body, "user_values": {"a": {"b": {}}}}, headers=world.as_user)
    assert right.status_code == 202, right.text
    tree["properties"]["password"] = {"type": "string", "writeOnly": True}
    assert pointers(await register(api, world, docker_image_url="nginx", values_schema_json=schema)) == [
        "/values_schema_json"
    ]


async def test_a_secret_without_a_fixed_place_is_refused_by_its_place_in_the_schema(
    api: httpx.AsyncClient, world: World
):
    keys: dict[str, Any] = {"type": "array", "items": {"type": "string", "writeOnly": True}}
    schema = {"properties": {"user": {"properties": {"keys": keys}}}}
    made = await register(api, world, docker_image_url="nginx", values_schema_json=schema)
    assert pointers(made) == ["/values_schema_json/properties/user/properties/keys/items"]
    keys["$id"] = "https://example.org/keys"
    made = await register(api, world, docker_image_url="nginx", values_schema_json=schema)
    assert pointers(made) == ["/values_schema_json/properties/user/properties/keys"]
    assert "write them without" in made.json()["errors"][0]["message"]


def user_of(schema: dict[str, Any], *, draft: str = DRAFTS[1]) -> dict[str, Any]:
    return {"$schema": draft, "properties": {"user": schema}}


def test_a_validator_is_made_once_for_a_schema_and_anew_for_a_large_one(monkeypatch: pytest.MonkeyPatch):
    made: list[Any] = []
    real = jsonschema_rs.Draft202012Validator

    def counting(schema: Any, **options: Any) -> Any:
        made.append(schema)
        return real(schema, **options)

    monkeypatch.setattr(jsonschema_rs, "Draft202012Validator", counting)
    small, large = (user_of({"maxProperties": 1, "title": title}) for title in ("once", "x" * SMALL))
    for schema, times in ((small, 1), (large, 3)):
        made.clear()
        verdicts = [bool(problems(values, schema, Capabilities())) for values in ({"a": 1}, {"a": 1, "b": 2}, {"c": 3})]
        assert (verdicts, len(made)) == ([False, True, False], times)


def test_what_is_kept_of_a_schema_judges_no_other():
    pairs = {"properties": {"a": {"prefixItems": [{"type": "string"}]}}}
    whole = Capabilities(user_values_paths=("",))
    assert problems({"a": [1]}, user_of(pairs), Capabilities())
    assert not problems({"a": [1]}, user_of(pairs, draft=DRAFTS[0]), Capabilities()), "a word of the later draft only"
    assert problems({"a": [1]}, user_of(pairs), Capabilities())
    assert not problems({"a": [1]}, user_of(pairs), whole), "the whole values have no such a"
