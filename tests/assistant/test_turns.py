"""Turns: one at a time in a conversation, given back or taken over, and never mixed."""

import asyncio

import httpx
import msgspec
import pytest
from sqlalchemy import text

from slipway.clock import ManualClock
from slipway.database.engine import Database
from slipway_api.app import create_app
from slipway_api.assistant.limits import RENEW_SEC
from slipway_api.deps import Deps
from tests.api.conftest import World, client_of, refused
from tests.api.test_deployments import rows
from tests.assistant.conftest import Talk
from tests.support.scripted_model import Call, Fail, Hang, Say, ScriptedModel


async def test_two_messages_at_once_do_not_mix(talk: Talk, model: ScriptedModel, api: httpx.AsyncClient, world: World):
    model.then(Hang())
    first = asyncio.create_task(talk.say("first"))
    await asyncio.wait_for(model.hanging.wait(), 30)
    problem = refused(await talk.say("second"), 409, "answering")
    assert "wait" in problem["detail"]
    refused(await talk.retry((await talk.messages())[0]["id"]), 409, "answering")
    other = await api.post("/conversations", json={}, headers=world.as_user)
    model.then(Say("Elsewhere."))
    elsewhere = f"/conversations/{other.json()['id']}/messages"
    assert (await api.post(elsewhere, json={"content": "hi"}, headers=world.as_user)).status_code == 201
    model.released.set()
    assert (await first).status_code == 201
    model.then(Say("Second."))
    await talk.answer("second")
    assert [each["content"] for each in await talk.messages()] == ["first", "Let me see.", "second", "Second."]


async def test_a_turn_whose_process_died_is_taken_over_when_its_time_is_up(
    talk: Talk, model: ScriptedModel, database: Database, world: World
):
    take = "INSERT INTO conversation_turn VALUES (:c, gen_random_uuid(), now() {} interval '1 minute') RETURNING 1"
    async with database.writing() as session:
        await session.execute(text(take.format("+")), {"c": world.conversation})
    refused(await talk.say("anybody?"), 409, "answering")
    async with database.writing() as session:
        await session.execute(text("UPDATE conversation_turn SET until = now() - interval '1 second'"))
    model.then(Say("Yes."))
    assert (await talk.answer("anybody?"))["content"] == "Yes."


async def test_a_turn_is_kept_for_as_long_as_its_process_lives(
    deps: Deps, world: World, model: ScriptedModel, database: Database
):
    async def left() -> bool:
        return (await rows(database, "SELECT until > now() AS left FROM conversation_turn"))[0]["left"]

    clock = ManualClock()
    async with client_of(create_app(msgspec.structs.replace(deps, clock=clock))) as api:
        talk = Talk(api, world)
        model.then(Hang())
        asking = asyncio.create_task(talk.say("think about it"))
        await asyncio.wait_for(model.hanging.wait(), 30)
        async with database.writing() as session:
            await session.execute(text("UPDATE conversation_turn SET until = now() - interval '1 second'"))
        assert not await left()
        await clock.advance(RENEW_SEC)
        async with asyncio.timeout(30):
            while not await left():
                pass
        refused(await talk.say("second"), 409, "answering")
        model.released.set()
        assert (await asking).status_code == 201
        assert clock.sleepers == 0, "no sign of life after the end"


async def test_a_repeated_post_with_its_key_is_one_message(talk: Talk, model: ScriptedModel):
    talk.headers = {**talk.headers, "Idempotency-Key": "once"}
    model.then(Fail(400), Say("There."))
    refused(await talk.say("hi"), 503, "unavailable")
    first = (await talk.say("hi")).json()
    assert (await talk.say("hi")).json() == first
    assert [each["content"] for each in await talk.messages()] == ["hi", "There."]
    refused(await talk.say("other"), 409, "idempotency_mismatch")


async def test_a_conversation_that_is_deleted_meanwhile_is_gone(talk: Talk, model: ScriptedModel, world: World):
    model.then(Hang())
    asking = asyncio.create_task(talk.say("hello"))
    await asyncio.wait_for(model.hanging.wait(), 30)
    gone = await talk.api.delete(f"/conversations/{world.conversation}", headers=world.as_user)
    assert gone.status_code == 204
    model.released.set()
    refused(await asking, 404, "not_found")


async def test_no_connection_is_held_while_the_model_thinks(talk: Talk, model: ScriptedModel, deps: Deps):
    model.then(Hang(), Hang())
    whole = asyncio.create_task(talk.say("hello"))
    await asyncio.wait_for(model.hanging.wait(), 30)
    assert deps.database.pool_use().in_use == 0
    model.released.set()
    assert (await whole).status_code == 201
    model.hanging.clear()
    model.released.clear()
    talk.headers = {**talk.headers, "Accept": "text/event-stream"}
    streamed = asyncio.create_task(talk.say("hello again"))
    await asyncio.wait_for(model.hanging.wait(), 30)
    assert deps.database.pool_use().in_use == 0
    model.released.set()
    assert (await streamed).status_code == 201


@pytest.mark.parametrize("then", [(), (Call("task_add", {"title": "late"}),)], ids=["answers", "calls a tool"])
async def test_a_process_that_stood_still_writes_nothing_once_another_has_the_turn(
    talk: Talk, model: ScriptedModel, database: Database, then: tuple[Call, ...]
):
    """It would put back its own copy of the calls, and a change that was confirmed meanwhile would wait again."""
    model.then((Hang(), *then), Say("Done."))
    late = asyncio.create_task(talk.say("hello"))
    await asyncio.wait_for(model.hanging.wait(), 30)
    async with database.writing() as session:
        await session.execute(text("UPDATE conversation_turn SET until = now() - interval '1 second'"))
    model.then(Say("Taken over."))
    model.steps = model.steps[-1:]
    assert (await talk.answer("still there?"))["content"] == "Taken over."
    before = await talk.messages()
    model.released.set()
    problem = refused(await late, 503, "unavailable")
    assert "another answer" in problem["detail"]
    assert await talk.messages() == before
    assert await talk.tasks() == []


async def test_a_message_of_another_conversation_is_not_answered_here(
    talk: Talk, model: ScriptedModel, api: httpx.AsyncClient, world: World
):
    model.then(Say("Hello."))
    await talk.answer("hello")
    mine = (await api.post("/conversations", json={}, headers=world.as_other)).json()["id"]
    message = (await talk.messages())[0]["id"]
    where = f"/conversations/{mine}/messages/{message}/retry"
    refused(await api.post(where, headers=world.as_other), 404, "not_found")


async def test_whoever_waits_for_an_answer_of_a_service_that_stops_is_told_so(
    talk: Talk, model: ScriptedModel, deps: Deps, database: Database
):
    model.then(Hang())
    waiting = asyncio.create_task(talk.say("first"))
    await asyncio.wait_for(model.hanging.wait(), 30)
    await deps.assistant.close()
    answer = await waiting
    refused(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert [each["content"] for each in await talk.messages()] == ["first"]
    assert await rows(database, "SELECT 1 FROM conversation_turn") == []
