"""Tasks: a user's own, small and quick."""

import httpx
import pytest

from slipway.database.engine import Database
from slipway.database.queries import tasks
from tests.api.conftest import World, pointers, refused
from tests.api.test_deployments import rows
from tests.support.statements import counted


async def added(api: httpx.AsyncClient, world: World, title: str, **fields: object) -> dict[str, str]:
    made = await api.post("/tasks", json={"title": title, **fields}, headers=world.as_user)
    assert made.status_code == 201, made.text
    return made.json()


async def titles(api: httpx.AsyncClient, world: World, query: str = "") -> list[str]:
    found = await api.get(f"/tasks?{query}", headers=world.as_user)
    return [each["title"] for each in found.json()["items"]]


async def test_a_task_is_added_read_changed_and_deleted(api: httpx.AsyncClient, world: World):
    made = await api.post("/tasks", json={"title": "  look at it  ", "description": "soon"}, headers=world.as_user)
    task = made.json()
    where = f"/tasks/{task['id']}"
    assert made.headers["location"] == f"/api/v1{where}"
    assert (task["title"], task["description"], task["is_completed"]) == ("look at it", "soon", False)
    assert task["user_id"] == str(world.mine.user)
    changed = (await api.patch(where, json={"title": "done?", "description": None}, headers=world.as_user)).json()
    assert (changed["title"], changed["description"], changed["is_completed"]) == ("done?", None, False)
    assert (await api.get(where, headers=world.as_user)).json() == changed
    assert (await api.delete(where, headers=world.as_user)).status_code == 204
    refused(await api.get(where, headers=world.as_user), 404, "not_found")


async def test_completion_goes_both_ways_and_the_database_moves_the_time(api: httpx.AsyncClient, world: World):
    task = await added(api, world, "flip")
    assert task["created_at"] == task["updated_at"]
    times = [task["updated_at"]]
    for wanted in (True, False, True):
        now = (await api.patch(f"/tasks/{task['id']}", json={"is_completed": wanted}, headers=world.as_user)).json()
        assert now["is_completed"] is wanted
        assert now["created_at"] == task["created_at"]
        times.append(now["updated_at"])
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ["/title"]),
        ({"title": ""}, ["/title"]),
        ({"title": "   "}, ["/title"]),
        ({"title": "x" * 256}, ["/title"]),
        ({"title": None}, ["/title"]),
        ({"title": "a\0b"}, ["/title"]),
        ({"title": "t", "is_completed": True}, ["/is_completed"]),
        ({"title": "t", "user_id": "0", "created_at": "1999-01-01T00:00:00Z"}, ["/created_at", "/user_id"]),
        ({"title": "t", "description": "x" * 10_001}, ["/description"]),
    ],
)
async def test_what_a_task_may_not_be(api: httpx.AsyncClient, world: World, body: dict[str, object], where: list[str]):
    assert sorted(pointers(await api.post("/tasks", json=body, headers=world.as_user))) == where


async def test_255_characters_are_a_title_blanks_around_not_counted(api: httpx.AsyncClient, world: World):
    task = await added(api, world, "  " + "ü" * 255 + "  ")
    assert task["title"] == "ü" * 255
    for title in ("", "  ", "x" * 256, None):
        wrong = await api.patch(f"/tasks/{task['id']}", json={"title": title}, headers=world.as_user)
        assert pointers(wrong) == ["/title"]


async def test_filters_by_completion_and_text(api: httpx.AsyncClient, world: World):
    await api.delete(f"/tasks/{world.task}", headers=world.as_user)
    done = await added(api, world, "Water the 50% plants")
    await added(api, world, "call home", description="about the PLANTS_")
    await added(api, world, "sleep")
    await api.patch(f"/tasks/{done['id']}", json={"is_completed": True}, headers=world.as_user)
    assert await titles(api, world) == ["sleep", "call home", "Water the 50% plants"]
    assert await titles(api, world, "is_completed=true") == ["Water the 50% plants"]
    assert await titles(api, world, "is_completed=false") == ["sleep", "call home"]
    assert await titles(api, world, "q=plants") == ["call home", "Water the 50% plants"]
    assert await titles(api, world, "q=0%25") == ["Water the 50% plants"], "a percent sign is itself"
    assert await titles(api, world, "q=s_") == ["call home"], "and so is an underscore"
    assert await titles(api, world, "q=plants&is_completed=false") == ["call home"]
    assert await titles(api, world, "q=+plants+") == ["call home", "Water the 50% plants"], (
        "blanks around it are not it"
    )
    await added(api, world, "\u00dcber allem \u0416")
    assert await titles(api, world, "q=\u00fcBER") == await titles(api, world, "q=\u0436") == ["\u00dcber allem \u0416"]
    assert pointers(await api.get("/tasks?q=%00", headers=world.as_user)) == ["/q"]


async def test_pages_join_up_while_tasks_are_added(api: httpx.AsyncClient, world: World):
    wanted = [*[(await added(api, world, f"t{number}"))["title"] for number in range(7)][::-1], "a task"]
    seen: list[str] = []
    cursor = ""
    while True:
        found = (await api.get(f"/tasks?limit=3{cursor}", headers=world.as_user)).json()
        seen += [each["title"] for each in found["items"]]
        await added(api, world, "added meanwhile")
        if found["next_cursor"] is None:
            break
        cursor = f"&cursor={found['next_cursor']}"
    assert seen == wanted


async def test_pages_join_up_under_equal_timestamps(api: httpx.AsyncClient, world: World, database: Database):
    async with database.writing() as session:
        for number in range(9):
            await tasks.add(session, user=world.mine.user, title=f"t{number}", description=None)
    assert len(await rows(database, "SELECT DISTINCT created_at FROM tasks WHERE title LIKE 't_'")) == 1
    for query in ("", "&is_completed=false"):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await api.get(f"/tasks?limit=2&cursor={cursor}{query}", headers=world.as_user)).json()
            seen += [each["title"] for each in page["items"]]
            cursor = page["next_cursor"]
        assert sorted(seen) == ["a task", *(f"t{number}" for number in range(9))]
        assert seen == await titles(api, world, f"limit=200{query}"), "and their order is the same in every page size"


async def test_a_stale_change_and_a_repeated_creation(api: httpx.AsyncClient, world: World, database: Database):
    key = {**world.as_user, "Idempotency-Key": "k"}
    first = await api.post("/tasks", json={"title": "once"}, headers=key)
    again = await api.post("/tasks", json={"title": "once"}, headers=key)
    assert (first.json(), again.headers["idempotency-replayed"]) == (again.json(), "true")
    assert len(await rows(database, "SELECT 1 FROM tasks WHERE title = 'once'")) == 1
    where, etag = f"/tasks/{first.json()['id']}", first.headers["etag"]
    changed = await api.patch(where, json={"title": "b"}, headers={**world.as_user, "If-Match": etag})
    assert changed.status_code == 200
    refused(await api.patch(where, json={"title": "c"}, headers={**world.as_user, "If-Match": etag}), 412, "stale")
    refused(await api.delete(where, headers={**world.as_user, "If-Match": etag}), 412, "stale")


async def test_creating_a_task_takes_few_statements(api: httpx.AsyncClient, world: World, database_url: str):
    """What its time is made of: one statement knows the caller, and one transaction writes."""
    await added(api, world, "first")  # what a connection asks once
    async with counted(database_url) as sent:
        await added(api, world, "quick")
    assert sorted(each.split()[0] for each in sent.calls) == ["BEGIN", "COMMIT", "INSERT", "SELECT", "SELECT"], (
        sent.text
    )
