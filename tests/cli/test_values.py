"""`--set` gives each value the type that the schema says, and refuses what it cannot."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from slipway.cli.exits import Exit, Stop
from slipway.cli.values import gathered, typed
from slipway.client.templates import Template
from slipway.identity import new_id

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "$defs": {"port": {"type": "integer"}},
    "properties": {
        "replicas": {"type": "integer"},
        "ratio": {"type": "number"},
        "debug": {"type": "boolean"},
        "label": {"type": "string"},
        "hosts": {"type": "array", "items": {"type": "string"}},
        "size": {"enum": [1, 2, "large"]},
        "limit": {"type": ["integer", "string"]},
        "port": {"$ref": "#/$defs/port"},
        "mail": {"type": "object", "properties": {"host": {"type": "string"}}, "additionalProperties": False},
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
        "ports": {
            "type": "object",
            "properties": {"main": {"type": "integer"}},
            "patternProperties": {"^p-": {"type": "string"}, "^q-": {"type": "boolean"}},
            "additionalProperties": False,
        },
    },
}


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("replicas=3", {"replicas": 3}),
        ("ratio=0.5", {"ratio": 0.5}),
        ("ratio=2", {"ratio": 2}),
        ("debug=True", {"debug": True}),
        ("label=3", {"label": "3"}),
        ("label=", {"label": ""}),
        ("label=a=b", {"label": "a=b"}),
        ('hosts=["a","b"]', {"hosts": ["a", "b"]}),
        ("size=2", {"size": 2}),
        ("size=large", {"size": "large"}),
        ("limit=7", {"limit": 7}),
        ("limit=7m", {"limit": "7m"}),
        ("port=80", {"port": 80}),
        ("mail.host=1", {"mail": {"host": "1"}}),
        ("env.PORT=8080", {"env": {"PORT": "8080"}}),
        ("env.a\\.b=x", {"env": {"a.b": "x"}}),
        ("ports.p-1=80", {"ports": {"p-1": "80"}}),
        ("ports.q-1=true", {"ports": {"q-1": True}}),
    ],
)
def test_the_schema_says_the_type(assignment: str, value: dict[str, Any]):
    assert typed(SCHEMA, assignment) == value


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("replicas=x", "--set replicas: 'x' is not a whole number"),
        ("debug=maybe", "--set debug: 'maybe' is not true or false"),
        ("hosts=a", "--set hosts: 'a' is not a list"),
        ("replica=1", "--set replica: there is no value 'replica' here; there are: debug, env, "),
        ("mail.port=1", "--set mail.port: there is no value 'port' here; there are: host"),
        ("ratio=nan", "--set ratio: 'nan' is not a number"),
        ("ratio=1e999", "--set ratio: '1e999' is not a number"),
        ("hosts=[NaN]", "--set hosts: '[NaN]' is not a list"),
        ("ports.x=1", "--set ports.x: there is no value 'x' here; there are: main"),
        ("replicas", "write --set name=value"),
        ("a..b=1", "write --set name=value"),
    ],
)
def test_what_cannot_be_is_refused_by_name(assignment: str, said: str):
    with pytest.raises(Stop) as caught:
        typed(SCHEMA, assignment)
    assert said in str(caught.value)
    assert caught.value.code == Exit.MISUNDERSTOOD


@pytest.mark.parametrize(
    ("raw", "value"),
    [("3", 3), ("true", True), ("x", "x"), ("1.5", 1.5), ("null", "null"), ("a: b: c", "a: b: c"), (".nan", ".nan")],
)
def test_where_the_schema_is_silent_yaml_decides(raw: str, value: object):
    assert typed({}, f"a={raw}") == {"a": value}


def test_flags_lie_over_the_file_and_both_over_what_was_there(tmp_path: Path):
    file = tmp_path / "values.yaml"
    file.write_text("replicas: 2\nmail:\n  host: file\n")
    under = {"replicas": 1, "label": "kept"}
    found = gathered(SCHEMA, str(file), ["mail.host=flag"], under=under)
    assert found == {"replicas": 2, "label": "kept", "mail": {"host": "flag"}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("- a", "holds no object"),
        ("a: [", "is not YAML"),
        ("a: [.nan]", "--values: .* holds what JSON cannot"),
        ("a: &a [*a]", "--values: .* holds what JSON cannot"),
        ("a: " + "[" * 2000 + "]" * 2000, "--values: .* holds what JSON cannot"),
    ],
    ids=["no-file", "a-list", "no-yaml", "no-number", "itself", "deep"],
)
def test_a_file_that_is_no_values_is_named(tmp_path: Path, content: str | None, said: str):
    file = tmp_path / "values.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Stop, match=said):
        gathered(SCHEMA, str(file), [])


LABEL = {"type": "string"}


def of_user(properties: dict[str, Any]) -> dict[str, Any]:
    """Return a template's schema whose users may set these."""
    return {"properties": {"user": {"properties": properties}}}


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ({"$defs": {"l": LABEL}, **of_user({"label": {"$ref": "#/$defs/l"}})}, None),
        ({"definitions": {"l": LABEL}, **of_user({"label": {"$ref": "#/definitions/l"}})}, None),
        ({"$defs": {"u": {"properties": {"label": LABEL}}}, "properties": {"user": {"$ref": "#/$defs/u"}}}, None),
        (of_user({"l": LABEL, "label": {"$ref": "#/properties/user/properties/l"}}), None),
        ({"properties": {"label": LABEL}}, ["/label"]),
    ],
    ids=["defs", "definitions", "itself-a-reference", "into-itself", "paths"],
)
def test_what_is_referred_to_is_looked_up_in_the_whole_schema(schema: dict[str, Any], paths: list[str] | None):
    assert typed(template(schema, paths).user_schema, "label=3") == {"label": "3"}


def test_a_product_may_take_no_values_or_any():
    assert template({"properties": {"user": False}}).user_schema is None
    assert template({}).user_schema is None
    assert template({"properties": {"user": True}}).user_schema == {}


def template(schema: dict[str, Any], paths: list[str] | None = None) -> Template:
    return Template(
        id=new_id(), product_id=new_id(), created_at=datetime(2030, 1, 1, tzinfo=UTC), values_schema_json=schema,
        capabilities_json={"user_values_paths": paths} if paths else None,
    )  # fmt: skip
