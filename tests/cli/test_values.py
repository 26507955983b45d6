"""`--set` gives each value the type that the schema says, and refuses what it cannot."""

from pathlib import Path
from typing import Any

import pytest

from slipway.cli.exits import Exit, Stop
from slipway.cli.values import gathered, typed

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
    ("raw", "value"), [("3", 3), ("true", True), ("x", "x"), ("1.5", 1.5), ("null", "null"), ("a: b: c", "a: b: c")]
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
    ("content", "said"), [(None, "cannot be read"), ("- a", "holds no object"), ("a: [", "is not YAML")]
)
def test_a_file_that_is_no_values_is_named(tmp_path: Path, content: str | None, said: str):
    file = tmp_path / "values.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Stop, match=said):
        gathered(SCHEMA, str(file), [])
