"""The API behind proxies: it believes those it trusts, and nobody else; the console's own nginx is one of them."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from slipway.database.engine import Database
from slipway.messaging.jetstream import JetStreamBroker
from slipway.settings import load
from slipway_api import app
from slipway_api.bootstrap import ensure_admin
from slipway_api.deps import Deps
from slipway_api.operations.charts import ARCHIVE_LIMIT
from slipway_api.routes.console import HEADERS
from slipway_api.settings import ApiSettings
from tests.api.conftest import World, refused
from tests.api.test_charts import ARCHIVE, DIGEST, GZIP, executor
from tests.api.test_deployments import rows
from tests.support.console_server import console_server
from tests.support.serving import served

__all__ = ["executor"]

EMAIL, PASSWORD = "boss@example.org", "correct horse battery"
ENVIRONMENT = {"DATABASE_URL": "postgresql://x", "JWT_SECRET_KEY": "k" * 32}
PROXY, STRANGER, USER, OTHER = "10.42.0.7", "192.0.2.1", "203.0.113.9", "203.0.113.10"


@pytest.fixture
async def signed_up(database: Database) -> None:
    await ensure_admin(database, email=EMAIL, password=PASSWORD)


def asked_by(deps: Deps, address: str, trusted: str = "10.42.0.0/16,fd00::/8") -> httpx.AsyncClient:
    """Return a client whose connections come from an address."""
    settings = load(ApiSettings, {**ENVIRONMENT, "SLIPWAY_TRUSTED_PROXIES": trusted})
    asgi: Any = app.served(settings, deps)
    transport = httpx.ASGITransport(asgi, raise_app_exceptions=False, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://slipway.test/api/v1")


def forwarded(chain: str, scheme: str = "https") -> dict[str, str]:
    return {"X-Forwarded-For": chain, "X-Forwarded-Proto": scheme}


async def sign_in(api: httpx.AsyncClient, headers: dict[str, str], password: str = PASSWORD) -> httpx.Response:
    body = {"email": EMAIL, "password": password, "cookie": True}
    return await api.post("/auth/login", json=body, headers=headers)


async def addresses(database: Database) -> list[str]:
    found = await rows(
        database,
        "SELECT actor_json->>'address' AS it FROM outbox_event WHERE type = 'dev.slipway.user.signed_in.v1' ORDER BY created_at",
    )
    return [each["it"] for each in found]


@pytest.mark.parametrize(
    ("connection", "trusted", "chain", "known", "secure"),
    [
        (PROXY, "10.42.0.0/16", USER, USER, True),
        (PROXY, "10.42.0.7", USER, USER, True),
        (PROXY, "10.42.0.0/16", f"{OTHER}, {USER}", USER, True),
        (PROXY, "10.42.0.0/16", f"{USER}, 10.42.9.9", USER, True),
        (PROXY, "10.42.0.0/16", f"{USER}, {STRANGER}, 10.42.9.9", STRANGER, True),
        (STRANGER, "10.42.0.0/16", USER, STRANGER, False),
        (STRANGER, "", USER, STRANGER, False),
        (PROXY, "", USER, PROXY, False),
    ],
    ids=["proxy", "one-address", "forged-before-the-user", "two-proxies", "forged-by-a-stranger", "forged", "none", "unknown-proxy"],
)  # fmt: skip
async def test_who_asks_is_what_a_trusted_proxy_says_and_else_who_connects(
    deps: Deps, signed_up: None, database: Database, connection: str, trusted: str, chain: str, known: str, secure: bool
):
    async with asked_by(deps, connection, trusted) as api:
        answer = await sign_in(api, forwarded(chain))
    assert answer.status_code == 200, answer.text
    assert ("secure" in answer.headers["set-cookie"].lower()) == secure
    assert await addresses(database) == [known]


async def test_one_users_attempts_do_not_keep_out_others_behind_the_same_proxy(deps: Deps, signed_up: None):
    async with asked_by(deps, PROXY) as api:
        mine = (await api.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})).json()["refresh_token"]
        tries = [await api.post("/auth/exchange", json={"code": "guess"}, headers=forwarded(USER)) for _ in range(30)]
        refused(tries[-1], 429, "too_many")
        assert (await sign_in(api, forwarded(OTHER))).status_code == 200
        renewed = await api.post("/auth/refresh", json={"refresh_token": mine}, headers=forwarded(USER))
        assert renewed.status_code == 200, "to stay signed in is no attempt to sign in"


@pytest.mark.parametrize("wrong", ["10.0.0.0/33", "10.0.0.1/8", "the-proxy", "*"])
def test_a_network_that_is_none_is_told_at_the_start(wrong: str):
    from slipway.settings import SettingsError

    with pytest.raises(SettingsError, match=r"^SLIPWAY_TRUSTED_PROXIES is not valid: Expected a network") as caught:
        load(ApiSettings, {**ENVIRONMENT, "SLIPWAY_TRUSTED_PROXIES": f"10.42.0.0/16,{wrong}"})
    assert wrong not in str(caught.value).replace("10.0.0.0/8", "")


@asynccontextmanager
async def through_nginx(deps: Deps, tmp_path: Path, *, behind_proxy: bool) -> AsyncGenerator[httpx.AsyncClient]:
    """Give a client of the console's own server, with the API behind it."""
    (tmp_path / "console" / "assets").mkdir(parents=True)
    (tmp_path / "console" / "index.html").write_text("<!doctype html>")
    (tmp_path / "console" / "assets" / "index-abc.js").write_text("1")
    settings = load(ApiSettings, {**ENVIRONMENT, "SLIPWAY_TRUSTED_PROXIES": "127.0.0.1"})
    async with (
        served(app.served(settings, deps)) as api,
        console_server(tmp_path, api, behind_proxy=behind_proxy) as console,
        httpx.AsyncClient(base_url=console) as client,
    ):
        yield client


@pytest.fixture
async def behind_nginx(deps: Deps, broker: JetStreamBroker, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    known = msgspec.structs.replace(deps, broker=broker)
    async with through_nginx(known, tmp_path, behind_proxy=False) as client:
        yield client


async def test_charts_of_any_size_that_the_api_takes_pass_through_the_consoles_server(
    behind_nginx: httpx.AsyncClient, world: World, executor: object
):
    assert len(ARCHIVE) > 1024 * 1024
    sent = await behind_nginx.post("/api/v1/charts", content=ARCHIVE, headers={**world.as_admin, **GZIP})
    assert (sent.status_code, sent.json()["chart_digest"]) == (201, DIGEST)
    most = ARCHIVE + bytes(ARCHIVE_LIMIT - len(ARCHIVE))
    assert (await behind_nginx.post("/api/v1/charts", content=most, headers=world.as_admin)).status_code != 413
    more = await behind_nginx.post("/api/v1/charts", content=most + b"!", headers=world.as_admin)
    refused(more, 413, "too_large")
    nobody = await behind_nginx.post("/api/v1/charts", content=most)
    refused(nobody, 401, "unauthenticated")


@pytest.mark.parametrize("behind_proxy", [False, True], ids=["reached-by-anybody", "behind-an-ingress"])
async def test_a_client_s_own_word_on_who_asks_and_how_is_a_proxy_s_or_nobody_s(
    deps: Deps, signed_up: None, database: Database, tmp_path: Path, behind_proxy: bool
):
    async with through_nginx(deps, tmp_path, behind_proxy=behind_proxy) as console:
        for headers in ({}, forwarded(USER)):
            body = {"email": EMAIL, "password": PASSWORD, "cookie": True}
            answer = await console.post("/api/v1/auth/login", json=body, headers=headers)
            believed = behind_proxy and bool(headers)
            assert ("secure" in answer.headers["set-cookie"].lower()) == believed
    assert await addresses(database) == ["127.0.0.1", USER if behind_proxy else "127.0.0.1"]


@pytest.mark.parametrize("path", ["/", "/deployments", "/assets/index-abc.js"])
async def test_the_consoles_server_serves_it_under_the_policy_of_the_api(behind_nginx: httpx.AsyncClient, path: str):
    answer = await behind_nginx.get(path)
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
