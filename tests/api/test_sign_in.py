"""Sign-in and tokens: forged, foreign, old and guessed ones get nobody in."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import argon2
import httpx
import jwt
import msgspec
import pytest
from sqlalchemy import text

from slipway.clock import ManualClock
from slipway.database.engine import Database
from slipway_api.app import create_app
from slipway_api.auth import passwords
from slipway_api.bootstrap import ensure_admin
from slipway_api.deps import Deps
from tests.api.conftest import SETTINGS, World, client_of, refused

PASSWORD = "correct horse battery"


@pytest.fixture
async def signed_up(database: Database) -> None:
    await ensure_admin(database, email="Boss@example.org", password=PASSWORD)


async def login(api: httpx.AsyncClient, email: str, password: str) -> httpx.Response:
    return await api.post("/auth/login", json={"email": email, "password": password})


async def test_the_first_admin_signs_in_and_is_made_once(api: httpx.AsyncClient, signed_up: None, database: Database):
    assert not await ensure_admin(database, email="boss@EXAMPLE.org", password="another password")
    answer = await login(api, "BOSS@example.org", PASSWORD)
    assert answer.status_code == 200, answer.text
    token = answer.json()
    assert (token["token_type"], token["expires_in"]) == ("bearer", 3600)
    me = await api.get("/users/me", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert (me.json()["email"], me.json()["is_admin"]) == ("Boss@example.org", True)
    assert "password" not in me.text


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/plain;application/json", "application/x-www-form-urlencoded", None]
)
async def test_another_sites_form_signs_nobody_in(api: httpx.AsyncClient, signed_up: None, kind: str | None):
    body = json.dumps({"email": "boss@example.org", "password": PASSWORD, "cookie": True}).encode()
    told = {"Content-Type": kind} if kind else {}
    for path in ("/auth/login", "/auth/exchange"):
        answer = await api.post(path, content=body, headers=told)
        refused(answer, 415, "unsupported_media_type")
        assert "set-cookie" not in answer.headers
    said = {"Content-Type": "application/json; charset=utf-8"}
    assert (await api.post("/auth/login", content=body, headers=said)).status_code == 200


async def test_an_unknown_address_and_a_wrong_password_look_the_same(api: httpx.AsyncClient, signed_up: None):
    wrong = await login(api, "boss@example.org", "not the password")
    unknown = await login(api, "nobody@example.org", "not the password")
    assert refused(wrong, 401, "unauthenticated") == refused(unknown, 401, "unauthenticated")


def test_an_unknown_address_costs_as_much_hashing_as_a_known_one():
    assert argon2.extract_parameters(passwords._NOBODY) == argon2.extract_parameters(argon2.PasswordHasher().hash("x"))


async def test_a_user_without_a_password_cannot_sign_in(api: httpx.AsyncClient, world: World):
    refused(await login(api, "user@example.org", ""), 401, "unauthenticated")


async def test_guessing_is_slowed_whatever_the_case_and_ends_with_time(
    api: httpx.AsyncClient, signed_up: None, clock: ManualClock
):
    """Row 61."""
    for number in range(10):
        refused(
            await login(api, "BOSS@example.org" if number % 2 else " boss@example.org", "guess"), 401, "unauthenticated"
        )
    slowed = await login(api, "boss@example.org", PASSWORD)
    refused(slowed, 429, "too_many")
    assert int(slowed.headers["retry-after"]) >= 1
    await clock.advance(int(slowed.headers["retry-after"]) + 1)
    assert (await login(api, "boss@example.org", PASSWORD)).status_code == 200


async def test_one_address_cannot_try_a_password_on_everybody(api: httpx.AsyncClient, signed_up: None):
    """Row 61."""
    for number in range(20):
        refused(await login(api, f"user{number}@example.org", PASSWORD), 401, "unauthenticated")
    refused(await login(api, "boss@example.org", PASSWORD), 429, "too_many")


def claims(world: World, **changed: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    all_of_them = {
        "sub": str(world.mine.user), "iss": "slipway", "aud": "slipway-api", "jti": str(uuid4()), "iat": now,
        "exp": now + timedelta(hours=1), **changed,
    }  # fmt: skip
    return {name: value for name, value in all_of_them.items() if value is not None}


async def me(api: httpx.AsyncClient, token: str) -> httpx.Response:
    return await api.get("/users/me", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another"}, {"iss": "another"}, {"aud": None}, {"iss": None}, {"exp": None}, {"sub": None},
        {"exp": timedelta(minutes=-1)}, {"iat": timedelta(hours=1)}, {"nbf": timedelta(hours=1)},
        {"sub": "not an id"}, {"sub": "00000000-0000-7000-8000-000000000000"}, {"iat": None},
    ],
    ids=str,
)  # fmt: skip
async def test_a_token_with_a_wrong_claim_is_refused(api: httpx.AsyncClient, world: World, changed: dict[str, Any]):
    """Row 52."""
    now = datetime.now(UTC)
    moments = {name: now + value for name, value in changed.items() if isinstance(value, timedelta)}
    token = jwt.encode(claims(world, **{**changed, **moments}), SETTINGS.jwt_secret_key, algorithm="HS256")
    refused(await me(api, token), 401, "unauthenticated")


async def test_a_small_clock_skew_is_forgiven(api: httpx.AsyncClient, world: World):
    """Row 52."""
    issued = claims(world, iat=datetime.now(UTC) + timedelta(seconds=5))
    token = jwt.encode(issued, SETTINGS.jwt_secret_key, algorithm="HS256")
    assert (await me(api, token)).status_code == 200


async def test_the_previous_key_is_known_while_rotating_and_no_other(api: httpx.AsyncClient, world: World):
    previous = jwt.encode(claims(world), SETTINGS.jwt_previous_key, algorithm="HS256")
    assert (await me(api, previous)).status_code == 200
    foreign = jwt.encode(claims(world), "a-key-that-nobody-knows-here-0123456789", algorithm="HS256")
    refused(await me(api, foreign), 401, "unauthenticated")


async def test_other_algorithms_are_refused(api: httpx.AsyncClient, world: World):
    """Row 52."""
    for algorithm in ("HS384", "HS512"):
        key = SETTINGS.jwt_secret_key * 2
        refused(await me(api, jwt.encode(claims(world), key, algorithm=algorithm)), 401, "unauthenticated")
    body = {**claims(world), "iat": 1_700_000_000, "exp": 4_000_000_000}
    for header in ({"alg": "none"}, {"alg": "None"}, {"alg": "HS256", "kid": "../../dev/null"}, {"alg": "RS256"}):
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, body)]
        refused(await me(api, ".".join([*parts, ""])), 401, "unauthenticated")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dXNlcjp4", "Bearer a.b.c", "Bearer é", "x" * 5000])
async def test_what_is_no_token_is_refused(api: httpx.AsyncClient, header: str):
    refused(await api.get("/users/me", headers=[(b"Authorization", header.encode())]), 401, "unauthenticated")


async def test_a_token_ends_with_its_user_and_rights_are_those_of_now(
    api: httpx.AsyncClient, world: World, deps: Deps, database: Database
):
    assert (await api.get("/users", headers=world.as_admin)).status_code == 200
    async with database.writing() as session:
        await session.execute(text("UPDATE users SET is_admin = false WHERE id = :u"), {"u": world.admin})
    refused(await api.get("/users", headers=world.as_admin), 403, "forbidden")
    async with database.writing() as session:
        await session.execute(text("UPDATE users SET deleted_at = now() WHERE id = :u"), {"u": world.admin})
    refused(await api.get("/users/me", headers=world.as_admin), 401, "unauthenticated")


async def test_writes_of_one_user_are_bounded_and_reads_and_others_are_not(
    api: httpx.AsyncClient, world: World, clock: ManualClock
):
    path = f"/deployments/{world.deployment}"
    for _ in range(50):
        assert (await api.patch(path, json={}, headers=world.as_user)).status_code == 200
    slowed = await api.patch(path, json={}, headers=world.as_user)
    refused(slowed, 429, "too_many")
    assert slowed.headers["retry-after"] == "1"
    assert (await api.get(path, headers=world.as_user)).status_code == 200
    assert (await api.patch(path, json={}, headers=world.as_admin)).status_code == 200
    await clock.advance(1)
    assert (await api.patch(path, json={}, headers=world.as_user)).status_code == 200


async def test_the_sign_in_page_is_told_that_there_is_no_issuer(deps: Deps):
    async with client_of(create_app(msgspec.structs.replace(deps, oidc=None))) as api:
        assert (await api.get("/auth/methods")).json() == {"password": True, "single_sign_on": None}
