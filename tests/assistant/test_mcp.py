"""The MCP server, asked by the SDK's own client: the same tools, the same rights, no change without the user's own word."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import pytest
import structlog
from litestar import Litestar
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from slipway.database.engine import Database
from slipway_api.assistant.tools import BY_NAME
from slipway_api.deps import Deps
from tests.api.conftest import World, refused
from tests.api.test_deployments import rows
from tests.assistant.conftest import Talk
from tests.support.serving import served

CHANGES = ("deployment_create", "deployment_change", "deployment_roll_back", "deployment_delete")


@pytest.fixture
async def address(app: Litestar) -> AsyncIterator[str]:
    async with served(app) as found:
        yield f"{found}/mcp"


@asynccontextmanager
async def client(address: str, headers: dict[str, str], mode: str = "auto") -> AsyncGenerator[Client]:
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as connected,
    ):
        yield connected


async def told(connected: Client, name: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool; return what it told, as text and as structure alike."""
    result: Any = await connected.call_tool(name, arguments)
    found = msgspec.json.decode(result.content[0].text)
    assert result.structured_content == found
    assert result.is_error == (found["status"] == "failed")
    return found


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_any_client_finds_the_tools_and_uses_them(address: str, world: World, mode: str, talk: Talk):
    async with client(address, world.as_user, mode) as connected:
        tools = (await connected.list_tools()).tools
        assert {tool.name for tool in tools} == set(BY_NAME)
        assert all(tool.description and tool.input_schema["type"] == "object" for tool in tools)
        added = await told(connected, "task_add", title="from far away")
        assert (added["status"], added["result"]["title"]) == ("done", "from far away")
        assert await talk.tasks() == ["from far away"]
        wrong = await told(connected, "task_add", titel="x")
        assert "/title is required" in wrong["error"]
        assert "no such tool" in (await told(connected, "shell"))["error"]


ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page", ["README.md", "docs/assistant.md"])
async def test_the_configuration_in_the_documentation_connects(address: str, world: World, page: str):
    (written,) = re.findall(r"^```json\n(\{\"mcpServers.*?)\n```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    server = msgspec.json.decode(written)["mcpServers"]["slipway"]
    assert server["type"] == "http"
    token = world.as_user["Authorization"].removeprefix("Bearer ")
    headers = {name: value.replace("YOUR_TOKEN", token) for name, value in server["headers"].items()}
    here = urlsplit(server["url"])._replace(netloc=urlsplit(address).netloc).geturl()
    async with client(here, headers) as connected:
        assert (await told(connected, "task_list"))["status"] == "done"


async def test_a_token_that_may_only_read_is_refused(address: str, world: World, api: Any):
    made = await api.post("/users/me/tokens", json={"name": "r", "read_only": True}, headers=world.as_user)
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    refused(await api.post("http://slipway.test/mcp", json=body, headers=headers), 403, "forbidden")


async def test_a_change_waits_in_a_conversation_for_the_users_word(
    address: str, world: World, talk: Talk, database: Database, deps: Deps
):
    async with client(address, world.as_user) as connected:
        found = await told(connected, "deployment_delete", deployment_id=str(world.deployment))
    assert found["status"] == "proposed"
    assert "confirm" in found["note"]
    state = "SELECT status, generation FROM deployment WHERE id = :d"
    assert await rows(database, state, d=world.deployment) == [{"status": "provisioning", "generation": 1}]
    talk.path = f"/conversations/{found['conversation_id']}/messages"
    (proposal,) = (await talk.api.get(talk.path, headers=talk.headers)).json()["items"]
    assert (proposal["role"], proposal["tool_calls"]["calls"][0]["id"]) == ("assistant", found["call_id"])
    title = (await talk.api.get(f"/conversations/{found['conversation_id']}", headers=talk.headers)).json()["title"]
    assert title.startswith("MCP: Delete ")
    deps.assistant._connect = None  # the user's word needs no model
    assert (await talk.answer(confirm=found["call_id"]))["content"].startswith("Accepted: Delete ")
    assert (await rows(database, state, d=world.deployment))[0]["status"] == "deleting"


async def test_no_tool_runs_a_change_and_none_confirms(address: str, world: World, database: Database):
    before = await rows(database, "SELECT id, generation, status FROM deployment ORDER BY id")
    async with client(address, world.as_user) as connected:
        for name in CHANGES:
            arguments: dict[str, Any] = {"deployment_id": str(world.deployment), "confirm": True, "generation": 1}
            assert (await told(connected, name, **arguments))["status"] == "failed"
    assert await rows(database, "SELECT id, generation, status FROM deployment ORDER BY id") == before


async def test_what_was_done_over_mcp_says_so_in_the_audit_trail(address: str, world: World, database: Database):
    async with client(address, world.as_admin) as connected:
        await told(connected, "deployment_logs", deployment_id=str(world.deployment))
    (read,) = await rows(
        database,
        "SELECT actor_json ->> 'id' AS who, actor_json ->> 'via' AS via FROM outbox_event WHERE type LIKE '%object.read%'",
    )
    assert read == {"who": str(world.admin), "via": "mcp"}


async def test_anothers_things_are_not_there(address: str, world: World):
    async with client(address, world.as_other) as connected:
        for name, arguments in (
            ("task_delete", {"task_id": str(world.task)}),
            ("deployment_status", {"deployment_id": str(world.deployment)}),
            ("deployment_delete", {"deployment_id": str(world.deployment)}),
        ):
            assert (await told(connected, name, **arguments))["error"].startswith("not_found")
        assert (await told(connected, "task_list"))["result"]["tasks"] == []


async def test_what_breaks_is_told_without_its_insides(address: str, world: World, deps: Deps):
    server: Any = await deps.mcp.server(deps)
    server._deps = msgspec.structs.replace(
        deps, database=Database.connect("postgresql://127.0.0.1:1/none", service="t")
    )
    async with client(address, world.as_user) as connected:
        with structlog.testing.capture_logs() as logs:
            told_it = await told(connected, "task_add", title="my secret plan")
    assert told_it["error"] == "unavailable: the database does not answer; try again"
    assert "secret plan" not in str(logs)


async def test_only_post_with_a_token_comes_in(api: Any, world: World):
    where = "http://slipway.test/mcp"
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    refused(await api.post(where, json=body), 401, "unauthenticated")
    refused(await api.post(where, json=body, headers={"Authorization": "Bearer forged"}), 401, "unauthenticated")
    for method in ("GET", "DELETE"):
        answer = await api.request(method, where, headers=world.as_user)
        refused(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "POST"
    assert (await api.post(where, content=b"{", headers=world.as_user)).status_code in (400, 406)
    large = await api.post(where, content=b'{"x": "' + b"y" * 2_000_000 + b'"}', headers=world.as_user)
    assert large.status_code == 413
