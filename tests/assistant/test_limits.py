"""Limits of an answer: steps, calls, time, tokens, and room for the others."""

import asyncio

import httpx
import msgspec
from litestar import Litestar

from slipway_api.app import create_app
from slipway_api.assistant.assistant import AT_ONCE_OF_A_USER, Assistant
from slipway_api.assistant.limits import STOPPED, Limits, Next
from slipway_api.deps import Deps
from tests.api.conftest import World, client_of, refused
from tests.assistant.conftest import Talk, calls
from tests.support.scripted_model import Call, Hang, Say, ScriptedModel, results


def limited(app: Litestar, limits: Limits) -> httpx.AsyncClient:
    """Return a client of the same API with other limits."""
    deps: Deps = app.state.deps
    assistant = Assistant(deps.assistant.model, limits)
    return client_of(create_app(msgspec.structs.replace(deps, assistant=assistant)))


async def test_steps_and_tokens_are_bounded_and_what_was_done_stays(app: Litestar, world: World, model: ScriptedModel):
    for limits, end, most in (
        (Limits(steps=3), Next.OUT_OF_STEPS, 3),
        (Limits(answer_tokens=6_000, history_tokens=4_000), Next.OUT_OF_TOKENS, 10),
    ):
        async with limited(app, limits) as api:
            talk = Talk(api, world)
            model.steps = [Call("task_list") for _ in range(20)]
            model.asked.clear()
            answer = await talk.answer("loop for ever")
        assert answer["content"] == STOPPED[end]
        assert 1 < len(calls(answer)) == len(model.asked) <= most


async def test_time_is_bounded(app: Litestar, world: World, model: ScriptedModel):
    async with limited(app, Limits(seconds=0.2)) as api:
        model.then(Hang())
        talk = Talk(api, world)
        problem = refused(await talk.say("hello?"), 503, "unavailable")
        assert "in time" in problem["detail"]
        assert [each["content"] for each in await talk.messages()] == ["hello?"]


async def test_the_model_sees_no_more_history_than_fits(app: Litestar, world: World, model: ScriptedModel):
    async with limited(app, Limits(history_tokens=1_200)) as api:
        talk = Talk(api, world)
        for number in range(4):
            model.then(Say("noted"))
            await talk.answer(f"number {number} " + "x" * 1_500)
        assert "number 3" in str(model.asked[-1]["messages"][-1])
        assert "number 0" not in str(model.asked[-1]["messages"])


async def test_one_reply_does_not_call_tools_without_end(app: Litestar, world: World, model: ScriptedModel):
    async with limited(app, Limits(calls=3)) as api:
        talk = Talk(api, world)
        model.then(tuple(Call("task_add", {"title": f"t{number}"}) for number in range(60)))
        answer = await talk.answer("add sixty")
        assert answer["content"] == STOPPED[Next.OUT_OF_CALLS]
        assert calls(answer) == [("task_add", "done")] * 3
        assert await talk.tasks() == ["t2", "t1", "t0"]
        model.then(Say("Three are there."))
        await talk.answer("how many?")
        assert len(results(model.asked[-1], "task_add")) == 3, "each call that is shown has its result"


async def test_one_user_leaves_room_for_the_others(
    api: httpx.AsyncClient, world: World, model: ScriptedModel, deps: Deps
):
    async def say(headers: dict[str, str]) -> httpx.Response:
        made = await api.post("/conversations", json={}, headers=headers)
        where = f"/conversations/{made.json()['id']}/messages"
        return await api.post(where, json={"content": "hi"}, headers=headers)

    model.then(*[Hang()] * AT_ONCE_OF_A_USER)
    asking = [asyncio.create_task(say(world.as_user)) for _ in range(AT_ONCE_OF_A_USER)]
    await asyncio.wait_for(model.until_asked(AT_ONCE_OF_A_USER), 60)
    problem = refused(await say(world.as_user), 429, "too_many")
    assert "wait" in problem["detail"]
    model.then(Say("Hello."))
    assert (await say(world.as_other)).status_code == 201
    model.released.set()
    assert [each.status_code for each in await asyncio.gather(*asking)] == [201] * AT_ONCE_OF_A_USER
    await asyncio.wait_for(deps.assistant.idle(), 30)
    model.then(Say("Again."))
    assert (await say(world.as_user)).status_code == 201, "an answer that ended takes no room"
