"""An API whose assistant talks to a scripted model over real HTTP, and whose executors answer from memory."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from slipway.database.engine import Database
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway_api.app import create_app, make_deps
from slipway_api.deps import Deps
from tests.api.conftest import SETTINGS, World, client_of, world
from tests.api.test_live_questions import Executors
from tests.support.scripted_model import ScriptedModel, scripted_model

__all__ = ["world"]
KEY = "sk-key-of-these-tests"


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as script:
        yield script


@pytest.fixture
async def executors() -> AsyncIterator[Executors]:
    made = Executors(MemoryBroker())
    async with made.broker.respond(subjects.queries("local"), made.answer, group="executors"):
        yield made


@pytest.fixture
async def deps(api_database: Database, model: ScriptedModel, executors: Executors) -> AsyncIterator[Deps]:
    settings = msgspec.structs.replace(
        SETTINGS, assistant_model="scripted", assistant_base_url=model.url, assistant_api_key=KEY, assistant_steps=6
    )
    made = make_deps(settings, api_database, executors.broker)
    yield made
    model.released.set()
    await made.assistant.close()
    await made.mcp.close()


@pytest.fixture
def app(deps: Deps) -> Litestar:
    return create_app(deps)


@pytest.fixture
async def api(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


class Talk:
    """A user in a conversation."""

    def __init__(self, api: httpx.AsyncClient, world: World) -> None:
        self.api = api
        self.headers = world.as_user
        self.path = f"/conversations/{world.conversation}/messages"

    async def say(self, content: str = "", **fields: Any) -> httpx.Response:
        body = {"content": content, **fields} if content else fields
        return await self.api.post(self.path, json=body, headers=self.headers)

    async def answer(self, content: str = "", **fields: Any) -> dict[str, Any]:
        """Say something; return the assistant's message."""
        answered = await self.say(content, **fields)
        assert answered.status_code == 201, answered.text
        user, assistant = answered.json()["items"]
        assert (user["role"], assistant["role"]) == ("user", "assistant")
        return assistant

    async def retry(self, message: str) -> httpx.Response:
        return await self.api.post(f"{self.path}/{message}/retry", headers=self.headers)

    async def messages(self) -> list[dict[str, Any]]:
        """Return what the conversation has, but for the message that it began with."""
        return (await self.api.get(self.path, headers=self.headers)).json()["items"][1:]

    async def tasks(self) -> list[str]:
        found = (await self.api.get("/tasks", headers=self.headers)).json()["items"]
        return [each["title"] for each in found if each["title"] != "a task"]


@pytest.fixture
def talk(api: httpx.AsyncClient, world: World) -> Talk:
    return Talk(api, world)


def calls(message: dict[str, Any]) -> list[tuple[str, str]]:
    """Return name and status of a message's calls."""
    return [(each["name"], each["status"]) for each in (message["tool_calls"] or {"calls": []})["calls"]]
