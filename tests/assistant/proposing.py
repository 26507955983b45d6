"""A model that proposes, and what became of it."""

from typing import Any

from slipway.database.engine import Database
from tests.api.conftest import World
from tests.api.test_deployments import rows
from tests.assistant.conftest import Talk, calls
from tests.support.scripted_model import Call, Say, ScriptedModel


async def generations(database: Database) -> dict[str, tuple[str, int]]:
    found = await rows(database, "SELECT domain_name, status, generation FROM deployment")
    return {row["domain_name"]: (row["status"], row["generation"]) for row in found}


MINE = "product-user-000001.example.org"


def creation(world: World, domain: str = "new.example.org") -> Call:
    return Call("deployment_create", {"product_id": str(world.mine.product), "domain_name": domain})


def removal(world: World) -> Call:
    return Call("deployment_delete", {"deployment_id": str(world.deployment)})


async def proposed(talk: Talk, model: ScriptedModel, call: Call) -> dict[str, Any]:
    """Have the model propose a change; return the stored call."""
    model.then(call, Say("Shall I?"))
    answer = await talk.answer("please do something")
    assert calls(answer) == [(call.name, "proposed")]
    return answer["tool_calls"]["calls"][0]


async def status_of(talk: Talk, call: dict[str, Any]) -> str:
    every = [each for message in await talk.messages() for each in (message["tool_calls"] or {"calls": []})["calls"]]
    return next(each["status"] for each in every if each["id"] == call["id"])
