"""The MCP server's address, at the root. What it answers: `assistant.mcp_server`."""

from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import asgi
from litestar.types import Receive, Scope, Send

from slipway_api.deps import Deps

PATH = "/mcp"


@asgi(PATH, copy_scope=True)
async def mcp(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request of an MCP client; there is nothing to follow or to end, so only POST is known."""
    if scope.get("method") != "POST":
        raise MethodNotAllowedException(headers={"Allow": "POST"})
    deps: Deps = scope["litestar_app"].state.deps
    server = await deps.mcp.server(deps)
    await server.handle(scope, receive, send)


HANDLERS = [mcp]
