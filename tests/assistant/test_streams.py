"""Streams: an answer as it comes, for readers who may leave."""

import asyncio
import json
from typing import Any

import msgspec

from slipway.database.engine import Database
from slipway_api.deps import Deps
from tests.api.conftest import refused
from tests.api.test_deployments import rows
from tests.assistant.conftest import Talk, calls
from tests.support.scripted_model import Call, Fail, Hang, Say, ScriptedModel


class Heard(msgspec.Struct, frozen=True):
    name: str
    data: Any


def heard(text: str) -> list[Heard]:
    found: list[Heard] = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        if "event" in lines:
            found.append(Heard(lines["event"], json.loads(lines["data"])))
    return found


async def test_an_answer_streams_as_it_comes(talk: Talk, model: ScriptedModel):
    model.then((Say("Let me see."), Call("task_add", {"title": "water"})), Say("It is done."))
    talk.headers = {**talk.headers, "Accept": "text/event-stream"}
    answered = await talk.say("add water")
    assert answered.headers["content-type"].startswith("text/event-stream")
    events = heard(answered.text)
    assert [each.name for each in events] == ["user", *["delta"] * 3, "tool", *["delta"] * 3, "done"]
    said = "".join(each.data["content"] for each in events if each.name == "delta")
    user, assistant = await talk.messages()
    assert (events[0].data, events[-1].data) == (user, {"items": [user, assistant]})
    assert said == assistant["content"] == "Let me see.\n\nIt is done."
    assert events[4].data == assistant["tool_calls"]["calls"][0]


async def test_a_stream_ends_with_the_problem_and_refusals_come_before_it(talk: Talk, model: ScriptedModel):
    talk.headers = {**talk.headers, "Accept": "text/event-stream"}
    model.then(Fail(400))
    events = heard((await talk.say("hi")).text)
    assert [each.name for each in events] == ["user", "error"]
    assert (events[1].data["status"], events[1].data["code"]) == (503, "unavailable")
    refused(await talk.say(confirm="nothing"), 422, "invalid")


async def test_a_client_that_goes_away_leaves_a_whole_record(talk: Talk, model: ScriptedModel, deps: Deps):
    model.then(Call("task_add", {"title": "water"}), Hang())
    talk.headers = {**talk.headers, "Accept": "text/event-stream"}
    asking = asyncio.create_task(talk.say("add water"))
    await asyncio.wait_for(model.hanging.wait(), 30)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    model.released.set()
    await asyncio.wait_for(deps.assistant.idle(), 30)
    user, assistant = await talk.messages()
    assert (user["content"], assistant["content"]) == ("add water", "Let me see.")
    assert calls(assistant) == [("task_add", "done")]


async def test_a_service_that_stops_gives_the_turn_back(
    talk: Talk, model: ScriptedModel, deps: Deps, database: Database
):
    model.then(Call("task_add", {"title": "water"}), Hang())
    talk.headers = {**talk.headers, "Accept": "text/event-stream"}
    asking = asyncio.create_task(talk.say("add water"))
    await asyncio.wait_for(model.hanging.wait(), 30)
    await deps.assistant.close()
    assert heard((await asking).text)[-1].name == "error"
    assert await rows(database, "SELECT 1 FROM conversation_turn") == []
    assert [calls(each) for each in await talk.messages()] == [[], [("task_add", "done")]]
