"""Tasks and the assistant at the terminal: its words as they come, and a question before it changes anything."""

import asyncio
import re

import pytest

from slipway.identity import new_id
from tests.cli.terminal import Terminal
from tests.support import scripted_model as scripted

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")]


def test_tasks_are_added_done_and_deleted(terminal: Terminal):
    title = f"look at {new_id().hex[-6:]}"
    terminal.done("tasks", "add", title, "--description", "before noon")
    assert re.search(rf"{title} +\d+s", terminal.done("tasks"))
    assert "before noon" in terminal.done("tasks", "show", title)
    assert re.search(r"done +yes", terminal.done("tasks", "done", title))
    assert [each["is_completed"] for each in terminal.json("tasks") if each["title"] == title] == [True]
    assert "yes" not in terminal.done("tasks", "reopen", title)
    assert "after noon" in terminal.done("tasks", "edit", title, "--title", f"{title}!", "--description", "after noon")
    title = f"{title}!"
    assert "deleted" in terminal.done("tasks", "delete", title)
    assert terminal.run("tasks", "show", title)[0] == 4
    assert terminal.run("tasks", "add", " ")[0] == 2


async def test_an_answer_comes_as_text_and_is_kept(terminal: Terminal, model: scripted.ScriptedModel):
    model.then(scripted.Call("product_list"), scripted.Say("There is Hello."))
    said = await asyncio.to_thread(terminal.pipe, "chat", "what is there?")
    assert (said.returncode, said.stdout) == (0, "There is Hello.\n"), said
    assert "product_list: done" in said.stderr
    listed = await asyncio.to_thread(terminal.json, "chat", "list")
    assert listed[0]["title"] == "what is there?"
    assert f"go on with: slipway chat --conversation {listed[0]['id']}" in said.stderr
    shown = await asyncio.to_thread(terminal.json, "chat", "show", listed[0]["id"])
    assert [each["role"] for each in shown] == ["user", "assistant"]
    assert "renamed" in await asyncio.to_thread(terminal.done, "chat", "rename", listed[0]["id"], "What there is")
    assert (await asyncio.to_thread(terminal.json, "chat", "list"))[0]["title"] == "What there is"
    assert (await asyncio.to_thread(terminal.pipe, "chat", "delete", listed[0]["id"])).returncode == 0


async def test_nothing_is_changed_before_a_person_agrees(terminal: Terminal, model: scripted.ScriptedModel):
    products = await asyncio.to_thread(terminal.json, "products")
    hello = next(each["id"] for each in products if each["slug"] == "hello")

    async def ask(domain: str, answer: str) -> None:
        proposal = scripted.Call("deployment_create", {"product_id": hello, "domain_name": domain})
        model.then(proposal, scripted.Say("Shall I?"), scripted.Say("So be it."))
        talking = terminal.type("chat")
        await asyncio.to_thread(talking.expect, "> ")
        talking.sendline(f"deploy hello at {domain}")
        await asyncio.to_thread(talking.expect, r"The assistant wants to: (?s:.*)Let it\?")
        talking.sendline(answer)
        await asyncio.to_thread(talking.expect, r"So be it\.")
        await asyncio.to_thread(talking.expect, "> ")
        talking.sendeof()
        code, screen = await asyncio.to_thread(terminal.end, talking)
        assert (code, "go on with: slipway chat" in screen) == (0, True), screen

    declined, agreed = (f"chat-{new_id().hex[-8:]}.example.org" for _ in range(2))
    await ask(declined, "n")
    await ask(agreed, "y")
    domains = {each["domain_name"] for each in await asyncio.to_thread(terminal.json, "list")}
    assert (declined in domains, agreed in domains) == (False, True)
    await asyncio.to_thread(terminal.pipe, "delete", agreed, "--yes")


async def test_a_script_decides_by_name(terminal: Terminal, model: scripted.ScriptedModel):
    products = await asyncio.to_thread(terminal.json, "products")
    hello = next(each["id"] for each in products if each["slug"] == "hello")
    domain = f"script-{new_id().hex[-8:]}.example.org"
    model.then(
        scripted.Call("deployment_create", {"product_id": hello, "domain_name": domain}), scripted.Say("Shall I?")
    )
    said = await asyncio.to_thread(terminal.pipe, "chat", f"deploy hello at {domain}")
    found = re.search(r"slipway chat decide (\S+)", said.stderr)
    assert found, said
    unsaid = await asyncio.to_thread(terminal.pipe, "chat", "decide", found[1])
    assert (unsaid.returncode, f"{found[1]} yes" in unsaid.stderr) == (2, True), unsaid
    model.then(scripted.Say("It is on its way."))
    decided = await asyncio.to_thread(terminal.pipe, "chat", "decide", found[1], "yes")
    assert (decided.returncode, decided.stdout) == (0, "It is on its way.\n"), decided
    again = await asyncio.to_thread(terminal.pipe, "chat", "decide", found[1], "no")
    assert (again.returncode, "nothing waits" in again.stderr) == (0, True), again
    assert domain in {each["domain_name"] for each in await asyncio.to_thread(terminal.json, "list")}
    await asyncio.to_thread(terminal.pipe, "delete", domain, "--yes")


async def test_a_model_that_fails_is_told_without_a_traceback(terminal: Terminal, model: scripted.ScriptedModel):
    model.then(scripted.Fail(400))
    said = await asyncio.to_thread(terminal.pipe, "chat", "hello?")
    assert (said.returncode, "Traceback" in said.stderr) == (7, False), said
    assert "slipway chat retry " in said.stderr
    conversation = (await asyncio.to_thread(terminal.json, "chat", "list"))[0]["id"]
    model.then(scripted.Say("Here I am."))
    again = await asyncio.to_thread(terminal.pipe, "chat", "retry", conversation)
    assert (again.returncode, again.stdout) == (0, "Here I am.\n"), again
    shown = await asyncio.to_thread(terminal.json, "chat", "show", conversation)
    assert [each["content"] for each in shown] == ["hello?", "Here I am."]


async def test_a_talk_goes_on_after_the_model_failed(terminal: Terminal, model: scripted.ScriptedModel):
    model.then(scripted.Fail(400), scripted.Say("Here I am."))
    talking = terminal.type("chat")
    await asyncio.to_thread(talking.expect, "> ")
    talking.sendline("hello?")
    await asyncio.to_thread(talking.expect, "have it answered again: slipway chat retry")
    await asyncio.to_thread(talking.expect, "> ")
    talking.sendline("hello??")
    await asyncio.to_thread(talking.expect, "Here I am")
    await asyncio.to_thread(talking.expect, "> ")
    talking.sendeof()
    code, screen = await asyncio.to_thread(terminal.end, talking)
    assert code == 0, screen
