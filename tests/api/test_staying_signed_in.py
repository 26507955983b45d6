"""Refresh tokens, signing out, one-time links, password change: what ends, ends on every replica at once."""

from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import text

from slipway.database.engine import Database
from slipway_api.app import create_app
from slipway_api.auth import opaque
from slipway_api.bootstrap import ensure_admin
from slipway_api.deps import Deps
from slipway_api.links import mint
from tests.api.conftest import World, client_of, pointers, refused
from tests.api.test_deployments import rows
from tests.support.statements import counted

EMAIL, PASSWORD, NEW = "boss@example.org", "correct horse battery", "staple of another horse"


@pytest.fixture
async def signed_up(database: Database) -> None:
    await ensure_admin(database, email=EMAIL, password=PASSWORD)


@pytest.fixture
def elsewhere(deps: Deps) -> Litestar:
    """Another replica of the API: it shares nothing but the database."""
    return create_app(deps)


async def sign_in(api: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await api.post("/auth/login", json={"email": EMAIL, "password": PASSWORD, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def bearer(pair: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair['access_token']}"}


async def refresh(api: httpx.AsyncClient, token: str) -> httpx.Response:
    return await api.post("/auth/refresh", json={"refresh_token": token})


async def age(database: Database) -> None:
    """Let more time go by since the last use of each refresh token than two tabs need."""
    async with database.writing() as session:
        await session.execute(text("UPDATE refresh_token SET used_at = used_at - interval '1 minute'"))


async def test_a_refresh_token_gives_the_next_pair(api: httpx.AsyncClient, signed_up: None):
    first = await sign_in(api)
    second = (await refresh(api, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (await api.get("/users/me", headers=bearer(second))).status_code == 200
    assert (await refresh(api, second["refresh_token"])).status_code == 200


async def test_a_refresh_token_that_comes_again_ends_the_whole_sign_in(
    api: httpx.AsyncClient, signed_up: None, database: Database
):
    stolen = await sign_in(api)
    thief = (await refresh(api, stolen["refresh_token"])).json()
    await age(database)
    refused(await refresh(api, stolen["refresh_token"]), 401, "unauthenticated")
    refused(await refresh(api, thief["refresh_token"]), 401, "unauthenticated")
    refused(await api.get("/users/me", headers=bearer(thief)), 401, "unauthenticated")
    told = await rows(database, "SELECT data_json ->> 'via' AS via FROM outbox_event WHERE type LIKE '%signed_out%'")
    assert told == [{"via": "refresh token used twice"}]


async def test_two_tabs_that_refresh_at_the_same_moment_both_go_on(api: httpx.AsyncClient, signed_up: None):
    first = await sign_in(api)
    tabs = [(await refresh(api, first["refresh_token"])).json() for _ in range(2)]
    assert [(await api.get("/users/me", headers=bearer(tab))).status_code for tab in tabs] == [200, 200]


async def test_a_browser_keeps_the_refresh_token_where_no_script_reads_it(api: httpx.AsyncClient, signed_up: None):
    answer = await api.post("/auth/login", json={"email": EMAIL, "password": PASSWORD, "cookie": True})
    assert "refresh_token" not in answer.json()
    kept = answer.headers["set-cookie"]
    for word in ("HttpOnly", "SameSite=strict", "Path=/api/v1/auth"):
        assert word.lower() in kept.lower()
    assert "secure" not in kept.lower(), "this one came over plain http"
    again = await api.post("/auth/refresh")
    assert "refresh_token" not in again.json()
    assert again.headers["set-cookie"] != kept
    left = await api.post("/auth/logout", headers=bearer(again.json()))
    assert left.status_code == 204
    assert "max-age=0" in left.headers["set-cookie"].lower()
    refused(await api.post("/auth/refresh"), 401, "unauthenticated")


async def test_the_cookie_is_secure_where_the_console_is(app: Litestar, signed_up: None):
    async with client_of(app, "https://slipway.test/api/v1") as api:
        answer = await api.post("/auth/login", json={"email": EMAIL, "password": PASSWORD, "cookie": True})
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_signing_out_is_known_to_every_replica_at_once(
    api: httpx.AsyncClient, signed_up: None, elsewhere: Litestar
):
    """Row 52: reuse after logout."""
    here, other = await sign_in(api), await sign_in(api)
    assert (await api.post("/auth/logout", headers=bearer(here))).status_code == 204
    async with client_of(elsewhere) as replica:
        refused(await replica.get("/users/me", headers=bearer(here)), 401, "unauthenticated")
        refused(await refresh(replica, here["refresh_token"]), 401, "unauthenticated")
        assert (await replica.get("/users/me", headers=bearer(other))).status_code == 200


async def test_a_changed_password_ends_every_other_sign_in(api: httpx.AsyncClient, signed_up: None):
    mine, forgotten = await sign_in(api), await sign_in(api)
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert (await api.post("/auth/password", json=body, headers=bearer(mine))).status_code == 204
    assert (await api.get("/users/me", headers=bearer(mine))).status_code == 200
    refused(await api.get("/users/me", headers=bearer(forgotten)), 401, "unauthenticated")
    refused(await refresh(api, forgotten["refresh_token"]), 401, "unauthenticated")
    refused(await api.post("/auth/login", json={"email": EMAIL, "password": PASSWORD}), 401, "unauthenticated")
    assert (await api.post("/auth/login", json={"email": EMAIL, "password": NEW})).status_code == 200


async def test_a_password_is_changed_by_who_knows_it_and_to_a_long_one(api: httpx.AsyncClient, signed_up: None):
    mine = bearer(await sign_in(api))
    wrong = await api.post("/auth/password", json={"current_password": "a guess", "new_password": NEW}, headers=mine)
    assert pointers(wrong) == ["/current_password"]
    short = await api.post("/auth/password", json={"current_password": PASSWORD, "new_password": "short"}, headers=mine)
    assert pointers(short) == ["/new_password"]
    guess = {"current_password": "x", "new_password": NEW}
    answers = [await api.post("/auth/password", json=guess, headers=mine) for _ in range(20)]
    refused(answers[-1], 429, "too_many")


async def test_a_password_that_an_admin_sets_ends_the_users_sign_ins(
    api: httpx.AsyncClient, world: World, database: Database
):
    await ensure_admin(database, email=EMAIL, password=PASSWORD)
    pair = await sign_in(api)
    boss = (await api.get("/users/me", headers=bearer(pair))).json()["id"]
    changed = await api.patch(f"/users/{boss}", json={"password": NEW}, headers=world.as_admin)
    assert changed.status_code == 200
    refused(await api.get("/users/me", headers=bearer(pair)), 401, "unauthenticated")


async def test_a_one_time_code_works_once(api: httpx.AsyncClient, signed_up: None, api_database: Database):
    code = await mint(api_database, EMAIL.upper())
    answer = await api.post("/auth/exchange", json={"code": code})
    assert (await api.get("/users/me", headers=bearer(answer.json()))).json()["email"] == EMAIL
    refused(await api.post("/auth/exchange", json={"code": code}), 401, "unauthenticated")
    assert await mint(api_database, "nobody@example.org") is None


async def test_a_one_time_code_is_over_after_a_minute(
    api: httpx.AsyncClient, signed_up: None, api_database: Database, database: Database
):
    code = await mint(api_database, EMAIL)
    async with database.writing() as session:
        left = await session.execute(text("SELECT expires_at - now() BETWEEN '0' AND '61 s' FROM one_time_code"))
        assert left.scalar_one()
        await session.execute(text("UPDATE one_time_code SET expires_at = now()"))
    refused(await api.post("/auth/exchange", json={"code": code}), 401, "unauthenticated")


@pytest.mark.parametrize("path", ["exchange", "refresh"])
async def test_guessing_codes_and_refresh_tokens_is_slowed(api: httpx.AsyncClient, signed_up: None, path: str):
    """Row 61."""
    field = {"exchange": "code", "refresh": "refresh_token"}[path]
    for number in range(20):
        refused(await api.post(f"/auth/{path}", json={field: f"guess{number}"}), 401, "unauthenticated")
    refused(await api.post(f"/auth/{path}", json={field: "guess"}), 429, "too_many")


async def test_nothing_that_signs_somebody_in_is_stored(
    api: httpx.AsyncClient, signed_up: None, database: Database, api_database: Database
):
    """Row 62."""
    pair, code = await sign_in(api), await mint(api_database, EMAIL)
    made = (await api.post("/users/me/tokens", json={"name": "ci"}, headers=bearer(pair))).json()["token"]
    dump = ""
    for table in ("sign_in", "refresh_token", "personal_token", "one_time_code", "outbox_event", "idempotency_record"):
        dump += str(await rows(database, f"SELECT to_jsonb(t) AS row FROM {table} t"))
    for secret in (pair["access_token"], pair["refresh_token"], code, made, PASSWORD):
        assert str(secret) not in dump
    assert opaque.hashed(made) in dump


async def test_a_request_asks_one_question_to_know_who_it_is(
    api: httpx.AsyncClient, signed_up: None, database_url: str
):
    pair = await sign_in(api)
    made = (await api.post("/users/me/tokens", json={"name": "ci"}, headers=bearer(pair))).json()["token"]
    await api.get("/users/me/tokens", headers={"Authorization": f"Bearer {made}"})  # its use is noted now
    for token in (pair["access_token"], made):
        async with counted(database_url) as sent:
            assert (await api.get("/users/me/tokens", headers={"Authorization": f"Bearer {token}"})).status_code == 200
        asked = {
            query: calls
            for query, calls in sent.calls.items()
            if query.startswith("SELECT ") and "set_config" not in query
        }
        assert sorted(asked.values()) == [1, 1], f"who it is, and what was asked for: {sent.text}"
