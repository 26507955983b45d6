"""The tools: all that users were promised, each of its kind, described so that a model can use it."""

import jsonschema_rs
import pytest

from slipway_api.assistant.tools import EVERY
from slipway_api.assistant.tools.kinds import Changes, Looks, Tool, Writes, description, parameters

LOOK = {
    "task_list", "product_list", "product_values", "deployment_list", "deployment_status", "deployment_logs",
    "deployment_preview",
}  # fmt: skip
WRITE_TASKS = {"task_add", "task_update", "task_complete", "task_delete"}
PROPOSE = {"deployment_create", "deployment_change", "deployment_roll_back", "deployment_delete"}


@pytest.mark.parametrize(
    ("kind", "names"), [(Looks, LOOK), (Writes, WRITE_TASKS), (Changes, PROPOSE)], ids=["look", "write", "propose"]
)
def test_what_changes_a_deployment_only_proposes(kind: type[Tool], names: set[str]):
    assert {tool.name for tool in EVERY if isinstance(tool, kind)} == names


@pytest.mark.parametrize("tool", EVERY, ids=lambda tool: tool.name)
def test_a_tool_tells_what_it_does_and_takes(tool: Tool):
    schema = parameters(tool)
    jsonschema_rs.meta.validate(schema)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert len(description(tool)) > 15
    assert ("confirms" in description(tool)) == isinstance(tool, Changes), "a model is told that it waits"
