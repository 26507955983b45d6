"""What the assistant and MCP clients can do: the use cases of the HTTP API, as tools, a module per noun."""

from slipway_api.assistant.tools import changes, deployments, products, tasks
from slipway_api.assistant.tools.kinds import Tool

EVERY: tuple[Tool, ...] = (*tasks.TOOLS, *products.TOOLS, *deployments.TOOLS, *changes.TOOLS)
BY_NAME: dict[str, Tool] = {tool.name: tool for tool in EVERY}
