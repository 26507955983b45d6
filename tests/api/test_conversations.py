"""Conversations and their messages, without an assistant: a user's own, in order, gone when they are deleted."""

import httpx
import pytest

from slipway.database.engine import Database
from slipway.database.models.conversations import MessageRole
from slipway.database.queries import conversations, messages
from tests.api.conftest import World, pointers, refused
from tests.api.test_deployments import rows


async def test_a_conversation_is_begun_renamed_listed_and_deleted_with_its_messages(
    api: httpx.AsyncClient, world: World, database: Database
):
    made = await api.post("/conversations", json={"title": " plans "}, headers=world.as_user)
    assert made.status_code == 201
    read = made.json()
    assert (read["title"], read["user_id"]) == ("plans", str(world.mine.user))
    where = f"/conversations/{read['id']}"
    assert made.headers["location"] == f"/api/v1{where}"
    named = await api.patch(where, json={"title": None}, headers={**world.as_user, "If-Match": made.headers["etag"]})
    assert named.json()["title"] is None
    assert named.json()["updated_at"] > read["updated_at"]
    listed = (await api.get("/conversations", headers=world.as_user)).json()
    assert [each["id"] for each in listed["items"]] == [read["id"], str(world.conversation)]
    assert (await api.delete(f"/conversations/{world.conversation}", headers=world.as_user)).status_code == 204
    assert await rows(database, "SELECT 1 FROM messages") == []
    refused(await api.get(f"/conversations/{world.conversation}", headers=world.as_user), 404, "not_found")


async def test_pages_of_conversations_join_up_under_equal_timestamps(
    api: httpx.AsyncClient, world: World, database: Database
):
    async with database.writing() as session:
        for number in range(5):
            await conversations.add(session, user=world.mine.user, title=f"c{number}")
    assert len(await rows(database, "SELECT DISTINCT created_at FROM conversations WHERE title LIKE 'c_'")) == 1
    whole = (await api.get("/conversations", headers=world.as_user)).json()
    assert whole["next_cursor"] is None
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await api.get(f"/conversations?limit=2&cursor={cursor}", headers=world.as_user)).json()
        assert len(page["items"]) <= 2
        seen += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        await api.post("/conversations", json={}, headers=world.as_user)  # newer ones do not move what comes next
    assert seen == [each["id"] for each in whole["items"]]
    assert len(seen) == 6
    assert pointers(await api.get("/conversations?cursor=x", headers=world.as_user)) == ["/cursor"]
    assert pointers(await api.get("/conversations?limit=0", headers=world.as_user)) == ["/limit"]


async def test_a_stale_change_of_a_conversation_is_refused(api: httpx.AsyncClient, world: World):
    where = f"/conversations/{world.conversation}"
    seen = (await api.get(where, headers=world.as_user)).headers["etag"]
    stale = {**world.as_user, "If-Match": seen}
    changed = await api.patch(where, json={"title": "a"}, headers=stale)
    assert changed.status_code == 200
    refused(await api.patch(where, json={"title": "b"}, headers=stale), 412, "stale")
    refused(await api.delete(where, headers=stale), 412, "stale")
    assert (await api.get(where, headers=world.as_user)).json()["title"] == "a"
    fresh = {**world.as_user, "If-Match": f'"older", {changed.headers["etag"]}'}
    assert (await api.delete(where, headers=fresh)).status_code == 204


async def test_a_conversation_is_begun_once_for_one_key(api: httpx.AsyncClient, world: World, database: Database):
    key = {**world.as_user, "Idempotency-Key": "k"}
    first, again = [await api.post("/conversations", json={"title": "once"}, headers=key) for _ in range(2)]
    assert (first.json(), again.headers["idempotency-replayed"]) == (again.json(), "true")
    assert first.headers["location"] == again.headers["location"]
    assert len(await rows(database, "SELECT 1 FROM conversations WHERE title = 'once'")) == 1
    other = await api.post("/conversations", json={"title": "twice"}, headers=key)
    refused(other, 409, "idempotency_mismatch")


@pytest.mark.parametrize("title", ["", "  ", "x" * 256, 5])
async def test_a_title_has_1_to_255_characters_or_is_null(api: httpx.AsyncClient, world: World, title: object):
    assert pointers(await api.post("/conversations", json={"title": title}, headers=world.as_user)) == ["/title"]
    where = f"/conversations/{world.conversation}"
    assert pointers(await api.patch(where, json={"title": title}, headers=world.as_user)) == ["/title"]


async def test_messages_keep_their_order_under_equal_timestamps(
    api: httpx.AsyncClient, world: World, database: Database
):
    async with database.writing() as session:
        for number in range(6):
            await messages.add(
                session, conversation=world.conversation, role=MessageRole.ASSISTANT, content=f"m{number}"
            )
    assert len(await rows(database, "SELECT DISTINCT created_at FROM messages WHERE role = 'assistant'")) == 1
    wanted = ["hello", *(f"m{number}" for number in range(6))]
    for query, order in (("", wanted), ("&newest_first=true", wanted[::-1])):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            where = f"/conversations/{world.conversation}/messages?limit=2{query}"
            page = (await api.get(where + (f"&cursor={cursor}" if cursor else ""), headers=world.as_user)).json()
            seen += [each["content"] for each in page["items"]]
            cursor = page["next_cursor"]
        assert seen == order


@pytest.mark.parametrize("role", ["assistant", "system", "robot", "", None])
async def test_a_client_speaks_for_the_user_only(
    api: httpx.AsyncClient, world: World, database: Database, role: object
):
    where = f"/conversations/{world.conversation}/messages"
    assert pointers(await api.post(where, json={"content": "x", "role": role}, headers=world.as_user)) == ["/role"]
    assert len(await rows(database, "SELECT 1 FROM messages")) == 1


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ["/content"]),
        ({"content": "  "}, ["/content"]),
        ({"content": "x" * 32_001}, ["/content"]),
        ({"content": 5}, ["/content"]),
        ({"content": "x", "tool_calls": {}}, ["/tool_calls"]),
        ({"confirm": "a", "decline": "b"}, ["/decline"]),
    ],
)
async def test_what_a_message_may_not_be(
    api: httpx.AsyncClient, world: World, body: dict[str, object], where: list[str]
):
    path = f"/conversations/{world.conversation}/messages"
    assert pointers(await api.post(path, json=body, headers=world.as_user)) == where


async def test_without_a_model_it_is_said_and_nothing_is_stored(
    api: httpx.AsyncClient, world: World, database: Database
):
    path = f"/conversations/{world.conversation}/messages"
    problem = refused(await api.post(path, json={"content": "hi"}, headers=world.as_user), 503, "unavailable")
    assert "SLIPWAY_ASSISTANT_MODEL" in problem["detail"]
    problem = refused(await api.post(f"{path}/{world.message}/retry", headers=world.as_user), 503, "unavailable")
    assert [row["content"] for row in await rows(database, "SELECT content FROM messages")] == ["hello"]
    assert await rows(database, "SELECT 1 FROM conversation_turn") == []
    assert (await api.get("/tasks", headers=world.as_user)).status_code == 200
    untitled = (await api.post("/conversations", json={}, headers=world.as_user)).json()
    where = f"/conversations/{untitled['id']}"
    refused(await api.post(f"{where}/messages", json={"content": "hi"}, headers=world.as_user), 503, "unavailable")
    assert (await api.get(where, headers=world.as_user)).json() == untitled


async def test_pages_of_messages_check_their_cursor(api: httpx.AsyncClient, world: World):
    for cursor in ("x", "-1", "9" * 30, "%00"):
        where = f"/conversations/{world.conversation}/messages?cursor={cursor}"
        assert pointers(await api.get(where, headers=world.as_user)) == ["/cursor"]
