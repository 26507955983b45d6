"""Changes of deployments: previewed, waiting for the user's own word, then just what was shown, once, in their name."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from slipway.database.engine import Database
from slipway.domain.failures import Failure, FailureClass
from slipway.messaging.queries import ListedResources, Resource
from slipway_api.deps import Deps
from tests.api.conftest import World, pointers, refused
from tests.api.test_deployments import rows, with_values
from tests.api.test_live_questions import Executors
from tests.assistant.conftest import Talk, calls
from tests.assistant.proposing import MINE, creation, generations, proposed, removal, status_of
from tests.support.scripted_model import Call, Fail, Hang, Say, ScriptedModel, results


async def test_a_change_is_previewed_and_waits(talk: Talk, model: ScriptedModel, world: World, database: Database):
    before = await generations(database)
    call = await proposed(talk, model, creation(world))
    assert (
        call["result"]["summary"]
        == "Deploy Product of user@example.org at new.example.org: 1 object added, 1 object changed."
    )
    assert call["result"]["preview"]["added"][0]["kind"] == "Deployment"
    assert call["arguments"]["preview_id"] == call["result"]["preview"]["id"]
    assert await generations(database) == before
    told = results(model.asked[1], "deployment_create")[0]
    assert told["status"] == "proposed"
    assert "waits for the user" in told["note"]


@pytest.mark.parametrize("word", [{"confirm": True}, {"content": "Yes, please!"}])
async def test_the_users_word_runs_the_stored_arguments_once_in_their_name(
    talk: Talk, model: ScriptedModel, world: World, database: Database, word: dict[str, Any]
):
    call = await proposed(talk, model, creation(world))
    model.then(Say("It is on its way."))
    answer = await talk.answer(**({"confirm": call["id"]} if "confirm" in word else word))
    assert calls(answer) == [("deployment_create", "done")]
    assert await status_of(talk, call) == "confirmed"
    ran = answer["tool_calls"]["calls"][0]
    assert ran["arguments"] == call["arguments"]
    assert (await generations(database))["new.example.org"] == ("provisioning", 1)
    (created,) = await rows(
        database,
        "SELECT actor_json ->> 'id' AS who, actor_json ->> 'via' AS via FROM outbox_event WHERE type LIKE '%deployment.created%'"
        " AND data_json ->> 'domain_name' = 'new.example.org'",
    )
    assert created == {"who": str(world.mine.user), "via": "assistant"}
    (job,) = await rows(
        database,
        "SELECT preview_id::text FROM deployment_reconcile_job WHERE deployment_id = :d",
        d=ran["result"]["deployment_id"],
    )
    assert job["preview_id"] == call["arguments"]["preview_id"]
    said = (await talk.messages())[2]["content"]
    assert said == word.get("content", f"Yes: {call['result']['summary']}")
    assert (
        results(model.asked[-1], "deployment_create")[-1]["result"]["deployment_id"] == ran["result"]["deployment_id"]
    )
    refused(await talk.say(confirm=call["id"]), 409, "proposal_closed")
    assert len(await rows(database, "SELECT 1 FROM deployment WHERE domain_name = 'new.example.org'")) == 1


async def test_what_a_removal_takes_away_is_named(talk: Talk, model: ScriptedModel, world: World, executors: Executors):
    objects = [
        Resource(api_version="v1", kind=kind, name=f"web-{number}", ready=True)
        for kind in ("Service", "ConfigMap")
        for number in range(7)
    ]
    executors.answers["resources"] = ListedResources(objects=objects[:2])
    call = await proposed(talk, model, removal(world))
    assert f"Delete {MINE}: its release (Service/web-0, Service/web-1) and the namespace" in call["result"]["summary"]
    assert call["result"]["preview"]["removed"][0] == {"api_version": "v1", "kind": "Service", "name": "web-0"}
    executors.answers["resources"] = ListedResources(objects=objects)
    assert "ConfigMap/web-4 and 2 more)" in (await proposed(talk, model, removal(world)))["result"]["summary"]


@pytest.mark.parametrize("code", ["cluster_unavailable", "not_found"])
async def test_what_nobody_can_list_is_proposed_all_the_same(
    talk: Talk, model: ScriptedModel, world: World, executors: Executors, code: str
):
    failure = Failure(failure_class=FailureClass.TRANSIENT, code=code, reason="x")
    executors.answers["resources"] = ListedResources(failure=failure)
    call = await proposed(talk, model, removal(world))
    assert "(nobody can list its objects just now) and the namespace" in call["result"]["summary"]
    assert call["result"]["preview"] is None


@pytest.mark.parametrize("word", [{"decline": True}, {"content": "no"}])
async def test_a_declined_change_is_not_run(
    talk: Talk, model: ScriptedModel, world: World, database: Database, word: dict[str, Any]
):
    call = await proposed(talk, model, removal(world))
    model.then(Say("Very well."))
    await talk.answer(**({"decline": call["id"]} if "decline" in word else word))
    assert await status_of(talk, call) == "declined"
    assert results(model.asked[-1], "deployment_delete")[0]["status"] == "declined"
    refused(await talk.say(confirm=call["id"]), 409, "proposal_closed")
    assert (await generations(database))[MINE] == ("provisioning", 1)


async def test_each_change_does_what_was_shown(
    api: httpx.AsyncClient, talk: Talk, model: ScriptedModel, world: World, database: Database
):
    template = await with_values(api, world)
    await api.patch(f"/products/{world.mine.product}", json={"template_id": template}, headers=world.as_admin)
    values = {"product_id": str(world.mine.product), "domain_name": "a.example.org", "user_values": {"replicas": 1}}
    call = await proposed(talk, model, Call("deployment_create", values))
    model.then(Say("ok"))
    ran = (await talk.answer("yes"))["tool_calls"]["calls"][0]
    deployment = ran["result"]["deployment_id"]
    wanted = {"deployment_id": deployment, "user_values": {"replicas": 3}, "domain_name": "b.example.org"}
    call = await proposed(talk, model, Call("deployment_change", wanted))
    assert call["result"]["summary"].startswith("Change a.example.org to b.example.org: ")
    model.then(Say("ok"))
    await talk.answer("yes")
    read = (await api.get(f"/deployments/{deployment}", headers=world.as_user)).json()
    assert (read["domain_name"], read["user_values"], read["generation"]) == ("b.example.org", {"replicas": 3}, 2)
    async with database.writing() as session:
        await session.execute(
            text(
                "INSERT INTO deployment_revision (deployment_id, job_id, revision, generation, template_id, user_values_json, digest, succeeded)"
                " SELECT :d, id, 1, 1, :t, '{\"replicas\": 1}', 'x', true FROM deployment_reconcile_job WHERE deployment_id = :d LIMIT 1"
            ),
            {"d": deployment, "t": template},
        )
    withdrawn = await api.delete(f"/templates/{template}", headers=world.as_admin)
    assert withdrawn.status_code == 204, "and one may return to it all the same"
    call = await proposed(talk, model, Call("deployment_roll_back", {"deployment_id": deployment, "revision": 1}))
    assert "back to revision 1" in call["result"]["summary"]
    model.then(Say("ok"))
    await talk.answer("yes")
    read = (await api.get(f"/deployments/{deployment}", headers=world.as_user)).json()
    assert (read["user_values"], read["generation"]) == ({"replicas": 1}, 3)
    call = await proposed(talk, model, Call("deployment_delete", {"deployment_id": deployment}))
    assert read["namespace_name"] in call["result"]["summary"]
    model.then(Say("ok"))
    await talk.answer("yes")
    assert (await api.get(f"/deployments/{deployment}", headers=world.as_user)).json()["status"] == "deleting"


async def test_a_roll_back_returns_to_a_secret_that_was_removed_since(
    api: httpx.AsyncClient, talk: Talk, model: ScriptedModel, world: World, database: Database
):
    fields = {"/password": {"name": "/existingSecret"}}
    schema = {"properties": {"user": {"properties": {"password": {"type": "string", "writeOnly": True}}}}}
    body = {"docker_image_url": "nginx:3", "values_schema_json": schema, "capabilities_json": {"secret_fields": fields}}
    made = await api.post(f"/products/{world.mine.product}/templates", json=body, headers=world.as_admin)
    revision = """INSERT INTO deployment_revision (deployment_id, job_id, revision, generation, template_id,
        user_values_json, digest, succeeded, secrets_json)
        VALUES (:d, :d, 1, 1, :t, '{"password": "********"}', 'x', true, '{"/password": "sealed"}')"""
    async with database.writing() as session:
        await session.execute(text(revision), {"d": world.deployment, "t": made.json()["id"]})
    asked = {"deployment_id": str(world.deployment), "revision": 1}
    call = await proposed(talk, model, Call("deployment_roll_back", asked))
    assert "back to revision 1" in call["result"]["summary"]


async def test_a_word_on_what_does_not_wait_is_refused_and_nothing_is_stored(
    talk: Talk, model: ScriptedModel, world: World
):
    call = await proposed(talk, model, removal(world))
    before = await talk.messages()
    assert pointers(await talk.say(confirm="call_of_nobody")) == ["/confirm"]
    assert pointers(await talk.say(decline="call_of_nobody")) == ["/decline"]
    assert await talk.messages() == before
    assert await status_of(talk, call) == "proposed"


async def test_a_plain_yes_to_two_proposals_is_nobodys(
    talk: Talk, model: ScriptedModel, world: World, database: Database
):
    before = await generations(database)
    model.then((removal(world), creation(world)), Say("Shall I?"))
    first, second = (await talk.answer("do both"))["tool_calls"]["calls"]
    model.then(Say("Which?"))
    await talk.answer("yes")
    assert [await status_of(talk, each) for each in (first, second)] == ["proposed", "proposed"]
    assert await generations(database) == before
    model.then(Say("Done."))
    await talk.answer(confirm=second["id"])
    assert [await status_of(talk, each) for each in (first, second)] == ["proposed", "confirmed"]
    assert (await generations(database))[MINE] == ("provisioning", 1)


async def test_a_yes_answers_the_newest_proposal(talk: Talk, model: ScriptedModel, world: World, database: Database):
    old = await proposed(talk, model, removal(world))
    new = await proposed(talk, model, creation(world))
    model.then(Say("On its way."))
    await talk.answer("yes")
    assert [await status_of(talk, each) for each in (old, new)] == ["proposed", "confirmed"]
    assert (await generations(database))[MINE] == ("provisioning", 1)


async def test_a_word_after_its_time_finds_the_proposal_expired(
    talk: Talk, model: ScriptedModel, world: World, database: Database
):
    call = await proposed(talk, model, removal(world))
    async with database.writing() as session:
        await session.execute(
            text(
                "UPDATE messages SET tool_calls = jsonb_set(tool_calls, '{calls,0,result,expires_at}', '\"2020-01-01T00:00:00Z\"')"
                " WHERE tool_calls IS NOT NULL"
            )
        )
    model.then(Say("That was too late."))
    await talk.answer("yes")
    assert await status_of(talk, call) == "expired"
    refused(await talk.say(confirm=call["id"]), 409, "proposal_closed")
    assert (await generations(database))[MINE] == ("provisioning", 1)


async def test_what_was_changed_in_between_is_not_run(
    api: httpx.AsyncClient, talk: Talk, model: ScriptedModel, world: World, database: Database
):
    call = await proposed(talk, model, removal(world))
    other = {"domain_name": "moved.example.org"}
    assert (await api.patch(f"/deployments/{world.deployment}", json=other, headers=world.as_user)).status_code == 202
    model.then(Say("It was changed."))
    answer = await talk.answer(confirm=call["id"])
    assert calls(answer) == [("deployment_delete", "failed")]
    assert "stale" in answer["tool_calls"]["calls"][0]["error"]
    assert await status_of(talk, call) == "failed"
    assert (await generations(database))["moved.example.org"][0] == "provisioning"
    told = await rows(
        database,
        "SELECT actor_json ->> 'via' AS via, data_json ->> 'code' AS code FROM outbox_event WHERE type LIKE '%refused%'",
    )
    assert told == [{"via": "assistant", "code": "stale"}]


async def test_quotas_and_taken_domains_hold_for_the_assistant(
    talk: Talk, model: ScriptedModel, world: World, api: httpx.AsyncClient
):
    call = await proposed(talk, model, creation(world, "late.example.org"))
    await api.put(f"/users/{world.mine.user}/quota", json={"deployments": 1}, headers=world.as_admin)
    model.then(Say("No room."))
    answer = await talk.answer(confirm=call["id"])
    assert answer["tool_calls"]["calls"][0]["error"].startswith("quota_exceeded")


async def test_a_model_that_fails_after_the_word_was_acted_on_loses_nothing(
    talk: Talk, model: ScriptedModel, world: World, database: Database
):
    call = await proposed(talk, model, creation(world))
    model.then(Fail(400))
    refused(await talk.say(confirm=call["id"]), 503, "unavailable")
    user, answer = (await talk.messages())[2:]
    assert calls(answer) == [("deployment_create", "done")]
    model.then(Say("It is on its way."))
    assert (await talk.retry(user["id"])).status_code == 201
    assert len(await rows(database, "SELECT 1 FROM deployment WHERE domain_name = 'new.example.org'")) == 1


async def test_two_words_at_once_run_it_once(talk: Talk, model: ScriptedModel, world: World, database: Database):
    call = await proposed(talk, model, creation(world))
    model.then(Hang(), Hang())
    both = [asyncio.create_task(talk.say(confirm=call["id"])) for _ in range(2)]
    done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    assert done.pop().result().status_code == 409
    model.released.set()
    assert sorted(each.status_code for each in await asyncio.gather(*both)) == [201, 409]
    assert len(await rows(database, "SELECT 1 FROM deployment WHERE domain_name = 'new.example.org'")) == 1


async def test_a_word_needs_no_model(deps: Deps, talk: Talk, model: ScriptedModel, world: World, database: Database):
    call = await proposed(talk, model, creation(world))
    other = await proposed(talk, model, removal(world))
    deps.assistant._connect = None
    assert (await talk.answer("no"))["content"].startswith("Declined, nothing was done: Delete ")
    assert await status_of(talk, other) == "declined"
    assert (await talk.answer(confirm=call["id"]))["content"] == f"Accepted: {call['result']['summary']}"
    assert (await generations(database))["new.example.org"] == ("provisioning", 1)
    before = await talk.messages()
    refused(await talk.say("yes"), 503, "unavailable")
    assert await talk.messages() == before
