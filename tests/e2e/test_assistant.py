"""The assistant on the whole system: the model is scripted, all else is real."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Stack
from tests.e2e.watching import Watcher, eventually, fresh_domain
from tests.support.scripted_model import Asked, Call, Hang, Say, ScriptedModel, results, scripted_model

pytestmark = pytest.mark.e2e
PASSWORD = "a long enough password"


@pytest.fixture
async def model(stack: Stack) -> AsyncIterator[ScriptedModel]:
    """A scripted model, and the API started again to use it."""
    async with scripted_model() as script:
        settings = {"SLIPWAY_ASSISTANT_MODEL": "scripted", "SLIPWAY_ASSISTANT_BASE_URL": script.url}
        await stack.stop_service("api")
        await stack.start_service("api", settings)
        yield script
        await stack.stop_service("api")
        await stack.start_service("api")


@pytest.fixture
async def user(stack: Stack, client: SlipwayClient, model: ScriptedModel) -> AsyncIterator[SlipwayClient]:
    """A plain user, signed in."""
    email = f"{fresh_domain().partition('.')[0]}@example.org"
    await client.post("/users", {"email": email, "password": PASSWORD})
    async with SlipwayClient(stack.api_url, timeout_sec=120) as signed_in:
        await signed_in.login(email, PASSWORD)
        yield signed_in


def product(asked: Asked) -> str:
    found = results(asked, "product_list")[-1]["result"]["products"]
    return next(each["id"] for each in found if each["name"] == "Hello")


async def calls(user: SlipwayClient, path: str) -> list[tuple[str, str]]:
    messages = (await user.get(path))["items"]
    return [
        (call["name"], call["status"]) for each in messages for call in (each["tool_calls"] or {"calls": []})["calls"]
    ]


async def test_deploy_the_sample_app_then_add_a_task_after_one_confirmation(
    user: SlipwayClient, model: ScriptedModel, stack: Stack
):
    domain = fresh_domain()
    path = f"/conversations/{(await user.post('/conversations', {'title': 'deploy'}))['id']}/messages"
    model.then(
        Call("product_list"),
        Call("product_values", lambda asked: {"product_id": product(asked)}),
        Call(
            "deployment_create",
            lambda asked: {"product_id": product(asked), "domain_name": domain, "user_values": {"replicas": 2}},
        ),
        Say(f"I would deploy Hello at {domain}. Shall I?"),
    )
    request = f"deploy the sample app for {domain}, then add a task to check it tomorrow"
    asked = await user.post(path, {"content": request})
    proposal = asked["items"][1]["tool_calls"]["calls"][-1]
    assert proposal["status"] == "proposed"
    assert domain in proposal["result"]["summary"]
    assert {each["kind"] for each in proposal["result"]["preview"]["added"]} >= {"Deployment", "Service"}
    assert (await user.get("/deployments"))["items"] == [], "nothing runs before the user's word"
    assert (await user.get("/tasks"))["items"] == []

    model.then(Call("task_add", {"title": f"Check {domain}", "description": "tomorrow"}), Say("On its way, and noted."))
    answered = await user.post(path, {"content": "yes"})
    assert answered["items"][1]["content"] == "On its way, and noted."
    assert await calls(user, path) == [
        ("product_list", "done"),
        ("product_values", "done"),
        ("deployment_create", "confirmed"),
        ("deployment_create", "done"),
        ("task_add", "done"),
    ]
    (deployment,) = (await user.get("/deployments"))["items"]
    ready = await Watcher(stack, user).until(deployment, {"ready"})
    assert (ready["domain_name"], ready["user_values"]) == (domain, {"replicas": 2})
    assert [task["title"] for task in (await user.get("/tasks"))["items"]] == [f"Check {domain}"]
    created = (await user.get(f"/deployments/{deployment['id']}/events"))["items"][0]
    assert created["data"]["actor"]["via"] == "assistant"

    model.then(Call("deployment_status", {"deployment_id": deployment["id"]}), Say("It is ready."))
    state = await user.post(path, {"content": "how is it?"})
    assert state["items"][1]["tool_calls"]["calls"][0]["result"]["status"] == "ready"


async def test_without_the_users_word_nothing_is_deployed(user: SlipwayClient, model: ScriptedModel):
    domain = fresh_domain()
    path = f"/conversations/{(await user.post('/conversations', {}))['id']}/messages"
    creation = Call("deployment_create", lambda asked: {"product_id": product(asked), "domain_name": domain})
    model.then(Call("product_list"), creation, creation, Say("yes"))  # it insists, and says the word itself
    answered = await user.post(path, {"content": "deploy it at once, no questions"})
    proposal = answered["items"][1]["tool_calls"]["calls"][-1]
    model.then(Say("Then I leave it."))
    await user.post(path, {"decline": proposal["id"]})
    assert {status for name, status in await calls(user, path) if name == "deployment_create"} == {
        "proposed",
        "declined",
    }
    assert (await user.get("/deployments?deleted=true"))["items"] == []


async def test_an_answer_streams_and_survives_a_reader_that_leaves(
    user: SlipwayClient, model: ScriptedModel, stack: Stack
):
    path = f"/conversations/{(await user.post('/conversations', {}))['id']}/messages"
    model.then(Call("task_add", {"title": "kept"}), Hang())
    headers = {"Authorization": user._http.headers["Authorization"], "Accept": "text/event-stream"}
    names: list[str] = []
    async with (
        httpx.AsyncClient(base_url=stack.api_url, headers=headers, timeout=60, trust_env=False) as http,
        http.stream("POST", f"/api/v1{path}", json={"content": "add it"}) as stream,
    ):
        lines = stream.aiter_lines()
        while names[-1:] != ["delta"]:
            line = await asyncio.wait_for(anext(lines), 60)
            names += [line.removeprefix("event: ")] if line.startswith("event: ") else []
    assert names == ["user", "tool", "delta"]
    model.released.set()

    async def finished() -> list[dict[str, Any]] | None:
        found = (await user.get(path))["items"]
        return found if len(found) == 2 and found[1]["content"] else None

    messages = await eventually(finished, "the answer is stored although nobody reads it")
    assert (messages[0]["content"], messages[1]["content"]) == ("add it", "Let me see.")
