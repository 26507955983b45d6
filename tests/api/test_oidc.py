"""Signing in at an OpenID Connect issuer, which runs beside the test; and everything that must not get anybody in."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import msgspec
import pytest
from sqlalchemy import text

from slipway.database.engine import Database
from slipway.settings import SettingsError, load
from slipway_api.app import create_app
from slipway_api.auth.oidc import Client
from slipway_api.bootstrap import ensure_admin
from slipway_api.deps import Deps
from slipway_api.settings import ApiSettings
from tests.api.conftest import SETTINGS, client_of, refused
from tests.api.test_deployments import rows
from tests.support import issuer as issuers
from tests.support.issuer import CLIENT_ID, CLIENT_SECRET, Issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuers.running() as running:
        yield running


@pytest.fixture
def deps(deps: Deps, issuer: Issuer) -> Deps:
    client = Client(issuer=issuer.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, admin_claim="groups=platform")
    return msgspec.structs.replace(deps, oidc=client)


async def browse(api: httpx.AsyncClient, **changed: str) -> str:
    """Go to the issuer and come back as a browser does, with some of the way back changed; return the fragment."""
    started = await api.get("/auth/oidc/start")
    assert started.status_code == 302, started.text
    async with httpx.AsyncClient() as browser:
        signed_in = await browser.get(started.headers["location"])
    back = {name: values[0] for name, values in parse_qs(urlsplit(signed_in.headers["location"]).query).items()}
    answer = await api.get("/auth/oidc/callback", params={**back, **changed})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/sign-in#")
    return unquote(answer.headers["location"].partition("#")[2])


async def me(api: httpx.AsyncClient) -> dict[str, Any]:
    fragment = await browse(api)
    assert fragment.startswith("code="), fragment
    pair = (await api.post("/auth/exchange", json={"code": fragment.removeprefix("code=")})).json()
    return (await api.get("/users/me", headers={"Authorization": f"Bearer {pair['access_token']}"})).json()


async def test_a_user_is_made_at_the_first_sign_in_and_known_at_the_next(
    api: httpx.AsyncClient, issuer: Issuer, database: Database
):
    first = await me(api)
    assert (first["email"], first["display_name"], first["is_admin"]) == ("ada@example.org", "Ada", False)
    issuer.person["email"] = "ada.new@example.org"
    again = await me(api)
    assert again["id"] == first["id"], "it is the subject that counts"
    assert await rows(database, "SELECT password_hash FROM users") == [{"password_hash": None}]


async def test_the_claim_makes_an_admin_and_unmakes_one(api: httpx.AsyncClient, issuer: Issuer):
    issuer.person["groups"] = ["cooks", "platform"]
    assert (await me(api))["is_admin"]
    issuer.person["groups"] = "platform-2"
    assert not (await me(api))["is_admin"]


async def test_an_address_that_is_known_is_the_same_person_when_the_issuer_vouches_for_it(
    api: httpx.AsyncClient, issuer: Issuer, database: Database
):
    await ensure_admin(database, email="Ada@example.org", password="correct horse battery")
    issuer.person["email_verified"] = False
    assert "verified" in await browse(api)
    del issuer.person["email_verified"]
    assert "has not verified" in await browse(api)
    issuer.person["email_verified"] = True
    assert (await me(api))["email"] == "Ada@example.org"


async def test_a_removed_user_does_not_come_in_again(api: httpx.AsyncClient, database: Database):
    await me(api)
    async with database.writing() as session:
        await session.execute(text("UPDATE users SET deleted_at = now()"))
    assert await browse(api) == "error=this user was removed"


@pytest.mark.parametrize(
    ("claims", "signing"),
    [
        ({"aud": "another"}, {}), ({"iss": "http://127.0.0.1:1"}, {}), ({"exp": 1}, {}), ({"nonce": "replayed"}, {}),
        ({"sub": None}, {}), ({"email": "no address"}, {}), ({"email": None}, {}),
        ({}, {"headers": {"kid": "another"}}), ({}, {"key": "x" * 40, "algorithm": "HS256"}),
        ({}, {"key": CLIENT_SECRET * 3, "algorithm": "HS512"}), ({}, {"key": None, "algorithm": "none"}),
    ],
    ids=str,
)  # fmt: skip
async def test_an_id_token_that_is_not_right_gets_nobody_in(
    api: httpx.AsyncClient, issuer: Issuer, database: Database, claims: dict[str, Any], signing: dict[str, Any]
):
    """Row 52."""
    issuer.bent, issuer.signing = claims, signing
    fragment = await browse(api)
    assert fragment.startswith("error="), fragment
    assert CLIENT_SECRET not in fragment
    assert await rows(database, "SELECT id FROM users") == []


async def test_an_id_token_by_another_key_of_that_name_gets_nobody_in(api: httpx.AsyncClient, issuer: Issuer):
    with issuers.running() as other:
        issuer.signing = {"key": other.key}
        assert "InvalidSignatureError" in await browse(api)


async def test_the_way_back_belongs_to_the_browser_that_went(api: httpx.AsyncClient, deps: Deps):
    assert "another sign-in" in await browse(api, state="forged")
    assert "does not answer" in await browse(api, code="forged")
    async with client_of(create_app(deps)) as stranger:
        answer = await stranger.get("/auth/oidc/callback", params={"code": "c", "state": "s"})
    assert "not begun here" in unquote(answer.headers["location"])


async def test_a_code_of_the_way_back_signs_in_only_the_browser_that_came_back(api: httpx.AsyncClient, deps: Deps):
    """Row 52: else a page could sign its visitors in as its own author, who then sees what they do."""
    code = (await browse(api)).removeprefix("code=")
    kept = next(each for each in api.cookies.jar if each.path == "/api/v1/auth/exchange")
    assert kept.has_nonstandard_attr("HttpOnly")
    async with client_of(create_app(deps)) as victim:
        refused(await victim.post("/auth/exchange", json={"code": code}), 401, "unauthenticated")
        victim.cookies.set(kept.name, "of another sign-in")
        refused(await victim.post("/auth/exchange", json={"code": code}), 401, "unauthenticated")
    assert (await api.post("/auth/exchange", json={"code": code})).status_code == 200


async def test_an_issuer_that_is_away_is_said_so(api: httpx.AsyncClient, deps: Deps):
    away = msgspec.structs.replace(deps, oidc=SETTINGS.oidc)
    async with client_of(create_app(away)) as client:
        refused(await client.get("/auth/oidc/start"), 503, "unavailable")


async def test_without_an_issuer_there_is_no_such_way(deps: Deps):
    async with client_of(create_app(msgspec.structs.replace(deps, oidc=None))) as client:
        refused(await client.get("/auth/oidc/start"), 404, "not_found")


def test_an_issuer_is_https_and_set_up_whole():
    base = {"DATABASE_URL": "postgresql://x", "JWT_SECRET_KEY": "k" * 32}
    assert load(ApiSettings, base).oidc is None
    with pytest.raises(SettingsError) as told:
        load(ApiSettings, {**base, "SLIPWAY_OIDC_ISSUER": "http://sso.example.org", "SLIPWAY_OIDC_CLIENT_ID": "a"})
    issuer, secret = str(told.value).split("; ")
    assert issuer.startswith("SLIPWAY_OIDC_ISSUER is not valid: Expected a URL that begins with https://")
    assert secret == "SLIPWAY_OIDC_CLIENT_SECRET is needed with SLIPWAY_OIDC_ISSUER"
    client = {"SLIPWAY_OIDC_CLIENT_ID": "a", "SLIPWAY_OIDC_CLIENT_SECRET": "b"}
    for issuer in ("https://sso.example.org/realms/x", "http://127.0.0.1:9", "http://localhost/x", "http://[::1]:9/"):
        found = load(ApiSettings, {**base, **client, "SLIPWAY_OIDC_ISSUER": issuer}).oidc
        assert found == Client(issuer=issuer, client_id="a", client_secret="b")


async def test_the_sign_in_page_is_told_of_the_issuer(api: httpx.AsyncClient):
    assert (await api.get("/auth/methods")).json() == {"password": True, "single_sign_on": "127.0.0.1"}
