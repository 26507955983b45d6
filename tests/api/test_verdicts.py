"""The API and Helm judge values alike: each schema and each set of values is given to both."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from slipway.dev.build import ensure_binaries
from slipway.domain.charts import Capabilities
from slipway.domain.values import merge
from slipway_api.operations.values_schema import DRAFT_7, InvalidSchema, check_schema, problems

DRAFTS = {
    "none named": {},
    "2020-12": {"$schema": "https://json-schema.org/draft/2020-12/schema"},
    "7": {"$schema": DRAFT_7[1]},
}
PLACE = {
    "type": "object",
    "required": ["port"],
    "properties": {"port": {"type": "integer"}, "colour": {"enum": ["red"]}},
}
TUPLE = {"properties": {"ports": {"items": [{"type": "integer"}], "additionalItems": False}}}
CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], bool]] = [
    ("a key that is missing", PLACE, {}, {"colour": "red"}, False),
    ("a key that the version gives", PLACE, {"port": 80}, {"colour": "red"}, True),
    ("a key that the version gives wrongly for what is asked", {"maxProperties": 1}, {"port": 80}, {"colour": "red"}, False),
    ("a wrong word", PLACE, {"port": 80}, {"colour": "blue"}, False),
    ("a whole number with a point", PLACE, {}, {"port": 80.0}, True),
    ("a truth for a number", PLACE, {}, {"port": True}, False),
    ("a pattern", {"properties": {"a": {"pattern": "^[a-z]+$"}}}, {}, {"a": "a1"}, False),
    ("a pattern that may be anywhere", {"properties": {"a": {"pattern": "[0-9]"}}}, {}, {"a": "a1"}, True),
    ("a name that is not known", {"additionalProperties": False, "properties": {"a": {}}}, {}, {"b": 1}, False),
    ("one of two", {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1}, {"b": 1}, False),
    ("a reference", {"properties": {"a": {"$ref": "#/definitions/size"}}}, {}, {"a": "big"}, False),
    ("a length in characters", {"properties": {"a": {"maxLength": 2}}}, {}, {"a": "äö"}, True),
    ("equal things", {"properties": {"a": {"uniqueItems": True}}}, {}, {"a": [1, 1.0]}, False),
]  # fmt: skip
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("looks ahead", {"properties": {"a": {"pattern": "^(?=a).+"}}}),
    ("looks back at a group", {"properties": {"a": {"pattern": "(a)\\1"}}}),
    ("a pattern that does not close", {"properties": {"a": {"pattern": "("}}}),
    ("a type that there is not", {"properties": {"a": {"type": "text"}}}),
    ("refers to nowhere", {"properties": {"a": {"$ref": "#/nowhere"}}}),
]


def whole(user: dict[str, Any], draft: dict[str, Any]) -> dict[str, Any]:
    return {**draft, "type": "object", "properties": {"user": user}, "definitions": {"size": {"type": "integer"}}}


async def helm_takes(folder: Path, schema: dict[str, Any], values: dict[str, Any]) -> bool:
    """Tell whether real Helm renders a chart with this schema for these values."""
    helm = (await ensure_binaries()).helm
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: judged\nversion: 1.0.0\n")
    (folder / "values.schema.json").write_text(json.dumps(schema))
    (folder / "given.json").write_text(json.dumps(values))
    process = await asyncio.create_subprocess_exec(
        str(helm), "template", "x", str(folder), "--values", str(folder / "given.json"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0 or "schema" in output.decode(), output.decode()
    return process.returncode == 0


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize(
    ("user", "default", "given", "fine"), [each[1:] for each in CASES], ids=[each[0] for each in CASES]
)
async def test_values_are_judged_alike(
    tmp_path: Path, user: dict[str, Any], default: dict[str, Any], given: dict[str, Any], fine: bool, draft: str
):
    schema = whole(user, DRAFTS[draft])
    check_schema(schema)
    defaults = {"user": default}
    assert (problems(given, schema, Capabilities(), defaults=defaults) == []) is fine
    assert await helm_takes(tmp_path, schema, merge(defaults, {"user": given})) is fine


@pytest.mark.parametrize("draft", DRAFTS)
async def test_a_format_is_a_rule_in_draft_7_and_a_remark_since(tmp_path: Path, draft: str):
    schema = whole({"properties": {"a": {"format": "email"}}}, DRAFTS[draft])
    fine = draft != "7"
    assert (problems({"a": "nobody"}, schema, Capabilities()) == []) is fine
    assert await helm_takes(tmp_path, schema, {"user": {"a": "nobody"}}) is fine


@pytest.mark.parametrize("draft", ["2020-12", "7"])
@pytest.mark.parametrize("ports", [[1], [1, 2]], ids=str)
async def test_each_draft_is_read_by_its_own_rules(tmp_path: Path, draft: str, ports: list[int]):
    """Draft 7 has tuples under `items`, which 2020-12 refuses as a schema."""
    schema = whole(TUPLE, DRAFTS[draft])
    if draft == "7":
        fine = problems({"ports": ports}, schema, Capabilities()) == []
        assert fine is (len(ports) == 1)
    else:
        with pytest.raises(InvalidSchema):
            check_schema(schema)
        fine = False
    assert await helm_takes(tmp_path, schema, {"user": {"ports": ports}}) is fine


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("user", [each[1] for each in REFUSED], ids=[each[0] for each in REFUSED])
async def test_a_schema_that_helm_cannot_use_does_not_register(tmp_path: Path, user: dict[str, Any], draft: str):
    schema = whole(user, DRAFTS[draft])
    with pytest.raises(InvalidSchema):
        check_schema(schema)
    assert not await helm_takes(tmp_path, schema, {"user": {"a": "aa"}})


@pytest.mark.parametrize(
    "draft", ["http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-06/schema#",
              "https://json-schema.org/draft/2019-09/schema", "https://example.org/mine", 7],
    ids=str,
)  # fmt: skip
def test_another_draft_is_refused_rather_than_misread(draft: Any):
    with pytest.raises(InvalidSchema, match="2020-12"):
        check_schema({"$schema": draft, "properties": {"user": {}}})
