"""Personal tokens: the user's rights, or only those to read; shown once, gone when removed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from slipway.database.engine import Database
from tests.api.conftest import World, pointers, refused
from tests.api.test_deployments import rows


async def make(api: httpx.AsyncClient, headers: dict[str, str], **fields: Any) -> dict[str, Any]:
    answer = await api.post("/users/me/tokens", json={"name": "ci", **fields}, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def bearer(made: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {made['token']}"}


async def test_a_token_has_its_users_rights_of_now(api: httpx.AsyncClient, world: World, database: Database):
    made = await make(api, world.as_admin)
    assert made["token"].startswith("slp_")
    assert (await api.get("/users", headers=bearer(made))).status_code == 200
    async with database.writing() as session:
        await session.execute(text("UPDATE users SET is_admin = false WHERE id = :u"), {"u": world.admin})
    refused(await api.get("/users", headers=bearer(made)), 403, "forbidden")
    async with database.writing() as session:
        await session.execute(text("UPDATE users SET deleted_at = now() WHERE id = :u"), {"u": world.admin})
    refused(await api.get("/users/me", headers=bearer(made)), 401, "unauthenticated")


async def test_a_token_is_listed_without_itself_and_with_its_last_use(api: httpx.AsyncClient, world: World):
    made = await make(api, world.as_other, name="  robot  ", read_only=True)
    [listed] = (await api.get("/users/me/tokens", headers=world.as_other)).json()["items"]
    assert (listed["name"], listed["read_only"], listed["last_used_at"]) == ("robot", True, None)
    assert made["token"] not in str(listed)
    await api.get("/users/me", headers=bearer(made))
    [listed] = (await api.get("/users/me/tokens", headers=world.as_other)).json()["items"]
    assert listed["last_used_at"] is not None


async def test_a_removed_or_expired_token_is_refused(api: httpx.AsyncClient, world: World, database: Database):
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    gone, over = await make(api, world.as_user), await make(api, world.as_user, expires_at=soon)
    assert (await api.delete(f"/users/me/tokens/{gone['id']}", headers=world.as_user)).status_code == 204
    refused(await api.get("/users/me", headers=bearer(gone)), 401, "unauthenticated")
    assert (await api.get("/users/me", headers=bearer(over))).status_code == 200
    async with database.writing() as session:
        await session.execute(text("UPDATE personal_token SET expires_at = now() WHERE id = :id"), {"id": over["id"]})
    refused(await api.get("/users/me", headers=bearer(over)), 401, "unauthenticated")


async def test_a_token_that_only_reads_changes_nothing_and_the_try_is_recorded(
    api: httpx.AsyncClient, world: World, database: Database
):
    reader = bearer(await make(api, world.as_user, read_only=True))
    path = f"/deployments/{world.deployment}"
    assert (await api.get(path, headers=reader)).status_code == 200
    for method in ("PATCH", "DELETE"):
        refused(
            await api.request(method, path, json={} if method == "PATCH" else None, headers=reader), 403, "forbidden"
        )
    told = await rows(database, "SELECT data_json ->> 'method' AS m FROM outbox_event WHERE type LIKE '%refused%'")
    assert [row["m"] for row in told] == ["PATCH", "DELETE"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/users/me/tokens", {"name": "child"}),
        ("/auth/password", {"current_password": "x", "new_password": "y"}),
        ("/auth/logout", {}),
    ],
)
async def test_a_token_does_not_outlive_itself(api: httpx.AsyncClient, world: World, path: str, body: dict[str, Any]):
    refused(await api.post(path, json=body, headers=bearer(await make(api, world.as_user))), 403, "forbidden")


async def test_wrong_fields_are_named(api: httpx.AsyncClient, world: World):
    async def ask(**body: Any) -> list[str]:
        return pointers(await api.post("/users/me/tokens", json=body, headers=world.as_user))

    assert await ask(name=" ") == ["/name"]
    assert await ask(name="x" * 101, expires_at="2020-01-01T00:00:00Z") == ["/name", "/expires_at"]
    assert await ask(name="x", user_id=str(world.other.user)) == ["/user_id"]


@pytest.mark.parametrize("token", ["slp_", "slp_guess", "slp_" + "x" * 5000, "slr_x", "slp_\x00"])
async def test_what_is_no_personal_token_is_refused(api: httpx.AsyncClient, world: World, token: str):
    headers = [(b"Authorization", f"Bearer {token}".encode())]
    refused(await api.get("/users/me", headers=headers), 401, "unauthenticated")


async def test_there_is_an_end_to_tokens(api: httpx.AsyncClient, world: World, deps: Any):
    for _ in range(49):
        await make(api, world.as_user)
        deps.write_limit._buckets.clear()
    answer = await api.post("/users/me/tokens", json={"name": "one more"}, headers=world.as_user)
    refused(answer, 422, "quota_exceeded")
