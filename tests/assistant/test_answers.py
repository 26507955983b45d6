"""Answers: stored with what the tools did; a model that misbehaves loses nothing, and is asked again."""

import json
from typing import Any

import httpx
import msgspec
import pytest
import structlog

from slipway.database.engine import Database
from slipway_api.assistant.tools import deployments
from tests.api.conftest import World, pointers, refused
from tests.api.test_deployments import rows
from tests.assistant.conftest import KEY, Talk, calls
from tests.assistant.proposing import MINE, generations
from tests.support.scripted_model import Break, Call, Fail, Raw, Say, ScriptedModel, Step, results


async def test_a_message_is_answered_and_both_are_stored(talk: Talk, model: ScriptedModel):
    model.then(Say("Hello to you."))
    answered = await talk.say("hello", role="user")
    user, assistant = answered.json()["items"]
    assert (user["content"], user["tool_calls"]) == ("hello", None)
    assert (assistant["content"], assistant["tool_calls"]) == ("Hello to you.", None)
    assert await talk.messages() == [user, assistant]
    assert model.headers[0]["authorization"] == f"Bearer {KEY}"
    asked = model.asked[0]
    assert (asked["model"], asked["stream"]) == ("scripted", True)
    assert [said["role"] for said in asked["messages"]] == ["system", "user", "user"]
    assert {tool["function"]["name"] for tool in asked["tools"]} >= {"task_add", "deployment_create", "deployment_logs"}


async def test_tools_run_in_turn_and_are_kept_with_what_they_found(talk: Talk, model: ScriptedModel):
    model.then(
        (Say("Let me see."), Call("task_add", {"title": "water"}), Call("task_list")),
        Call("task_complete", lambda asked: {"task_id": results(asked, "task_add")[0]["result"]["id"]}),
        Say("Added and done."),
    )
    answer = await talk.answer("add water and complete it")
    assert answer["content"] == "Let me see.\n\nAdded and done."
    assert calls(answer) == [("task_add", "done"), ("task_list", "done"), ("task_complete", "done")]
    stored = answer["tool_calls"]["calls"]
    assert stored[0]["arguments"] == {"title": "water"}
    assert stored[0]["result"]["title"] == "water"
    assert stored[2]["result"]["is_completed"] is True
    assert set(stored[0]) == {"id", "name", "arguments", "status", "result", "error"}
    last = model.asked[-1]["messages"]
    assert last[-1]["role"] == "tool"
    assert all(said["content"] for said in last if said["role"] == "tool")


async def test_a_task_is_reworded(talk: Talk, model: ScriptedModel):
    def first(asked: dict[str, Any]) -> str:
        return results(asked, "task_add")[0]["result"]["id"]

    model.then(
        Call("task_add", {"title": "water", "description": "the plants"}),
        Call("task_update", lambda asked: {"task_id": first(asked), "title": "feed", "description": None}),
        Call("task_update", lambda asked: {"task_id": first(asked), "description": "the cat"}),
        Say("So it is."),
    )
    answer = await talk.answer("not water: feed the cat")
    assert calls(answer)[1:] == [("task_update", "done"), ("task_update", "done")]
    said = [(each["result"]["title"], each["result"]["description"]) for each in answer["tool_calls"]["calls"]]
    assert said == [("water", "the plants"), ("feed", None), ("feed", "the cat")]
    assert await talk.tasks() == ["feed"]


async def test_deployments_are_listed_page_by_page_and_by_status(
    api: httpx.AsyncClient, talk: Talk, model: ScriptedModel, world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(deployments, "PAGE", 1)
    body = {"product_id": str(world.mine.product), "domain_name": "newest.example.org"}
    assert (await api.post("/deployments", json=body, headers=talk.headers)).status_code == 202
    model.then(
        Call("deployment_list"),
        Call(
            "deployment_list",
            lambda asked: {"cursor": results(asked, "deployment_list")[0]["result"]["next_cursor"]},
        ),
        Call("deployment_list", {"status": "ready"}),
        Say("Two."),
    )
    answer = await talk.answer("what do I have?")
    pages = [each["result"] for each in answer["tool_calls"]["calls"]]
    listed = [[each["domain_name"] for each in page["deployments"]] for page in pages]
    assert listed == [["newest.example.org"], [MINE], []], "newest first, only their own"
    assert pages[1]["next_cursor"] is None
    assert pages[1]["deployments"][0]["status"] == "provisioning"


async def test_a_preview_shows_and_proposes_nothing(talk: Talk, model: ScriptedModel, world: World, database: Database):
    before = await generations(database)
    model.then(
        Call("deployment_preview", {"product_id": str(world.mine.product), "domain_name": "p.example.org"}),
        Call("deployment_preview", {"deployment_id": str(world.deployment), "domain_name": "q.example.org"}),
        Call("deployment_preview", {}),
        Say("One object would be added."),
    )
    answer = await talk.answer("what would happen?")
    assert [each["status"] for each in answer["tool_calls"]["calls"]] == ["done", "done", "failed"]
    new, change, neither = answer["tool_calls"]["calls"]
    assert (new["result"]["generation"], change["result"]["generation"]) == (0, 1)
    assert [each["kind"] for each in new["result"]["added"]] == ["Deployment"]
    assert "give either product_id" in neither["error"]
    assert await generations(database) == before


async def test_a_conversation_without_a_title_is_called_after_its_first_message(
    api: httpx.AsyncClient, talk: Talk, model: ScriptedModel
):
    def titled(content: str) -> str:
        return content if len(content) <= 80 else content[:79].rstrip() + "\N{HORIZONTAL ELLIPSIS}"

    for title, first in ((None, "two\n  lines"), (None, "word " * 50), ("mine", "hello"), (None, "x" * 80)):
        made = (await api.post("/conversations", json={"title": title}, headers=talk.headers)).json()
        talk.path = f"/conversations/{made['id']}/messages"
        model.then(Say("Yes?"), Say("Hm."))
        await talk.answer(first)
        named = (await api.get(f"/conversations/{made['id']}", headers=talk.headers)).json()["title"]
        assert named == (title or titled(" ".join(first.split())))
        await api.patch(f"/conversations/{made['id']}", json={"title": None}, headers=talk.headers)
        await talk.answer("and more")
        named = (await api.get(f"/conversations/{made['id']}", headers=talk.headers)).json()["title"]
        assert named is None, "a title that was taken away stays away"


FAULTY: list[tuple[Call, str]] = [
    (Call("task_add", '{"title": '), "not valid JSON"),
    (Call("task_add", "[]"), "a JSON object"),
    (Call("task_add", {"title": " "}), "/title has 1 to 255 characters"),
    (Call("task_add", {"titel": "x"}), "/titel is not a known field"),
    (Call("task_add", {"title": "a\0b"}), "NUL"),
    (Call("task_delete", {"task_id": "00000000-0000-4000-8000-000000000000"}), "not_found"),
    (Call("task_delete", {"task_id": "x"}), "/task_id"),
    (Call("run_shell", {"command": "id"}), "there is no such tool"),
    (Call("deployment_create", {"domain_name": "x y"}), "/product_id is required"),
    (Call("", {}), "there is no such tool"),
]


@pytest.mark.parametrize(("call", "why"), FAULTY, ids=[why for _, why in FAULTY])
async def test_a_wrong_call_is_told_to_the_model_which_may_mend_it(
    talk: Talk, model: ScriptedModel, call: Call, why: str
):
    model.then(call, Call("task_add", {"title": "right"}), Say("Done."))
    answer = await talk.answer("do it")
    assert calls(answer) == [(call.name, "failed"), ("task_add", "done")]
    assert why in answer["tool_calls"]["calls"][0]["error"]
    assert why in json.loads(model.asked[1]["messages"][-1]["content"])["error"]
    assert await talk.tasks() == ["right"]


async def test_a_long_list_is_read_page_by_page(talk: Talk, model: ScriptedModel):
    for number in range(3):
        await talk.api.post("/tasks", json={"title": f"t{number}"}, headers=talk.headers)
    model.then(
        Call("task_list", {"limit": 2}),
        Call(
            "task_list", lambda asked: {"limit": 2, "cursor": results(asked, "task_list")[0]["result"]["next_cursor"]}
        ),
        Call("task_list", {"cursor": "nonsense"}),
        Say("Four."),
    )
    first, second, wrong = (await talk.answer("list all"))["tool_calls"]["calls"]
    found = [task["title"] for call in (first, second) for task in call["result"]["tasks"]]
    assert (found, second["result"]["next_cursor"]) == (["t2", "t1", "t0", "a task"], None)
    assert "/cursor" in wrong["error"]


async def test_ids_of_calls_are_our_own(talk: Talk, model: ScriptedModel):
    model.then(Call("task_list"), Call("task_list"), Say("Twice."))  # the script gives both the same id
    ids = [each["id"] for each in (await talk.answer("list twice"))["tool_calls"]["calls"]]
    assert len(set(ids)) == 2


def stream(*chunks: dict[str, Any]) -> Raw:
    """Return chunks as a server of its own kind sends them."""
    sent = [{"choices": [{"index": 0, "delta": {"tool_calls": [each]}}]} for each in chunks]
    return Raw(b"".join(b"data: " + msgspec.json.encode(each) + b"\n\n" for each in sent))


@pytest.mark.parametrize("index", [{"index": 0}, {}, {"index": None}], ids=["all the same", "none", "null"])
async def test_servers_that_do_not_number_their_calls_are_understood(
    talk: Talk, model: ScriptedModel, index: dict[str, Any]
):
    def called(number: int, title: str) -> dict[str, Any]:
        function = {"name": "task_add", "arguments": json.dumps({"title": title})}
        return {**index, "id": f"c{number}", "type": "function", "function": function}

    model.then(stream(called(1, "first"), called(2, "second")), Say("Both."))
    assert calls(await talk.answer("add two")) == [("task_add", "done")] * 2
    assert await talk.tasks() == ["second", "first"]


MISBEHAVIOUR: dict[str, Step] = {
    "an error": Fail(400),
    "no right": Fail(401),
    "no JSON": Raw(b"data: {nonsense\n\n"),
    "other JSON": Raw(b'data: {"choices": 5}\n\n'),
    "no events": Raw(b"<html>a proxy</html>"),
    "nothing": Raw(b""),
    "a cut": Break(),
    "silence": Say(""),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
async def test_a_model_that_fails_is_told_and_asked_again_by_the_user(
    talk: Talk, model: ScriptedModel, database: Database, name: str
):
    model.then(MISBEHAVIOUR[name])
    with structlog.testing.capture_logs() as logs:
        problem = refused(await talk.say("add water"), 503, "unavailable")
    assert "retry" in problem["detail"]
    assert KEY not in str(problem) + str(logs)
    assert "sk-secret" not in str(problem) + str(logs)
    (kept,) = await talk.messages()
    assert (kept["role"], kept["content"]) == ("user", "add water")
    assert await rows(database, "SELECT 1 FROM conversation_turn") == []
    model.then(Say("Here I am."))
    model.steps = model.steps[-1:]
    again = await talk.retry(kept["id"])
    assert again.status_code == 201, again.text
    assert again.json()["items"] == await talk.messages()
    assert [each["content"] for each in await talk.messages()] == ["add water", "Here I am."]


async def test_what_was_done_before_the_model_failed_is_kept_and_not_done_twice(talk: Talk, model: ScriptedModel):
    model.then(Call("task_add", {"title": "water"}), Fail(400))
    refused(await talk.say("add water"), 503, "unavailable")
    user, unfinished = await talk.messages()
    assert (unfinished["content"], calls(unfinished)) == ("", [("task_add", "done")])
    model.then(Say("It is added."))
    items = (await talk.retry(user["id"])).json()["items"]
    assert [each["id"] for each in items] == [user["id"], unfinished["id"]]
    assert (items[1]["content"], calls(items[1])) == ("It is added.", [("task_add", "done")])
    assert results(model.asked[-1], "task_add")[0]["status"] == "done", "the model was shown what it had done"
    assert await talk.tasks() == ["water"]


async def test_a_finished_answer_can_be_asked_for_again_but_only_the_last(talk: Talk, model: ScriptedModel):
    model.then(Say("One."), Say("Two."), Say("Three."))
    await talk.answer("count")
    first = (await talk.messages())[0]
    await talk.retry(first["id"])
    assert [each["content"] for each in await talk.messages()] == ["count", "Two."]
    await talk.answer("go on")
    refused(await talk.retry(first["id"]), 409, "conflict")
    assert pointers(await talk.retry((await talk.messages())[1]["id"])) == ["/message_id"]
    refused(await talk.retry("00000000-0000-4000-8000-000000000000"), 404, "not_found")


async def test_of_another_user_nothing_is_seen_or_done(
    talk: Talk, model: ScriptedModel, world: World, api: httpx.AsyncClient
):
    theirs = (await api.post("/tasks", json={"title": "theirs"}, headers=world.as_other)).json()["id"]
    model.then(
        Call("task_list"),
        Call("task_complete", {"task_id": theirs}),
        Call("task_delete", {"task_id": theirs}),
        Call("deployment_status", {"deployment_id": str(world.others_deployment)}),
        Call("deployment_delete", {"deployment_id": str(world.others_deployment)}),
        Say("I could not."),
    )
    answer = await talk.answer("meddle")
    assert [status for _, status in calls(answer)] == ["done", *["failed"] * 4]
    assert "theirs" not in str(answer["tool_calls"]["calls"][0])
    assert all(each["error"].startswith("not_found") for each in answer["tool_calls"]["calls"][1:])
