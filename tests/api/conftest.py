"""The API as its clients meet it: over HTTP, on PostgreSQL, connected as the API's own login (row-level security applies)."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar import Litestar

from slipway.clock import ManualClock
from slipway.database.engine import Database
from slipway.database.models.conversations import MessageRole
from slipway.database.queries import conversations, messages, personal_tokens, tasks, users
from slipway_api.app import create_app, make_deps
from slipway_api.auth.limits import Limiter
from slipway_api.deps import Deps
from slipway_api.settings import ApiSettings
from tests.support.rows import Seeded, deploy, seed
from tests.support.serving import served

SETTINGS = ApiSettings(
    database_url="postgresql://unused",
    jwt_secret_key="the-key-of-these-tests-0123456789abcdef",
    jwt_previous_key="the-key-before-it-0123456789abcdefghijk",
    registries=("http://127.0.0.1:5000", "charts.example.org"),
    reserved_domains=("reserved.example.org",),
    domain_wildcards=("*.apps.example.org",),
    oidc_issuer="http://127.0.0.1:9",  # nothing answers there
    oidc_client_id="slipway",
    oidc_client_secret="a-secret-between-us",
)


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Two users with a product and a deployment each, an admin, and what they send to be known."""

    mine: Seeded
    other: Seeded
    admin: UUID
    deployment: UUID
    others_deployment: UUID
    token: UUID
    """A personal token of the first user."""
    task: UUID
    conversation: UUID
    message: UUID
    """The user's own, in that conversation."""
    as_user: dict[str, str]
    as_other: dict[str, str]
    as_admin: dict[str, str]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def deps(api_database: Database, clock: ManualClock) -> Deps:
    """Everything but NATS, which no write depends on."""
    timed = {
        "clock": clock,
        "write_limit": Limiter(clock, per_second=50, burst=50),
        "login_limit": Limiter(clock, per_second=0.2, burst=10),
        "address_limit": Limiter(clock, per_second=5, burst=20),
    }
    return msgspec.structs.replace(make_deps(SETTINGS, api_database, None), **timed)


@pytest.fixture
async def app(deps: Deps) -> AsyncIterator[Litestar]:
    yield create_app(deps)
    await deps.assistant.close()
    await deps.mcp.close()


def client_of(app: Litestar, base_url: str = "http://slipway.test/api/v1") -> httpx.AsyncClient:
    """Return a client of an application in this process."""
    asgi: Any = app
    return httpx.AsyncClient(transport=httpx.ASGITransport(asgi, raise_app_exceptions=False), base_url=base_url)


@pytest.fixture
async def api(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def address(deps: Deps, clock: ManualClock) -> AsyncIterator[str]:
    """Where the API is served, as in production, with limits that do not hide it."""
    wide = Limiter(clock, per_second=1, burst=1_000_000)
    app = create_app(msgspec.structs.replace(deps, write_limit=wide, login_limit=wide, address_limit=wide))
    async with served(app) as found:
        yield found


def bearer(deps: Deps, user: UUID) -> dict[str, str]:
    return {"Authorization": f"Bearer {deps.tokens.issue(user)}"}


@pytest.fixture
async def world(database: Database, deps: Deps) -> World:
    mine, other = await seed(database), await seed(database, email="other@example.org")
    async with database.writing() as session:
        admin = await users.add(session, email="admin@example.org", is_admin=True)
        token = await personal_tokens.add(
            session, mine.user, name="program", token_hash="of-nothing", read_only=False, expires_at=None
        )
        task = await tasks.add(session, user=mine.user, title="a task", description=None)
        conversation = await conversations.add(session, user=mine.user, title="a conversation")
        message = await messages.add(session, conversation=conversation.id, role=MessageRole.USER, content="hello")
    return World(
        mine=mine,
        other=other,
        admin=admin.id,
        deployment=await deploy(database, mine, 1),
        others_deployment=await deploy(database, other, 2),
        token=token.id,
        task=task.id,
        conversation=conversation.id,
        message=message.id,
        as_user=bearer(deps, mine.user),
        as_other=bearer(deps, other.user),
        as_admin=bearer(deps, admin.id),
    )


def pointers(response: httpx.Response) -> list[str]:
    """Return the places that a 422 names."""
    assert response.status_code == 422, response.text
    return [each["pointer"] for each in response.json().get("errors", [])]


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the answer is a problem document with this status and code; return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    problem = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    return problem
