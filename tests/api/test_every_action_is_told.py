"""The audit trail has every action that was accepted: each route that changes something is used once, and looked for in it."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from nacl.public import PrivateKey

from slipway.database.engine import Database
from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import encode
from slipway.messaging.queries import InspectedChart
from slipway_api.app import create_app
from slipway_api.bootstrap import ensure_admin
from slipway_api.deps import Deps
from slipway_api.links import mint
from tests.api.conftest import World, client_of
from tests.api.test_platform import do
from tests.api.test_rights import RULES
from tests.api.test_staying_signed_in import EMAIL, NEW, PASSWORD, bearer
from tests.api.test_user_values import FIELDS

V1 = "/api/v1"
LOGIN = {"properties": {"auth": {"properties": {"password": {"type": "string", "format": "password"}}}}}
NOT_TOLD = {
    **dict.fromkeys(
        (f"POST {V1}/tasks", f"PATCH {V1}/tasks/{{task_id}}", f"DELETE {V1}/tasks/{{task_id}}"), "one's own"
    ),
    **dict.fromkeys(
        (
            f"POST {V1}/conversations",
            f"PATCH {V1}/conversations/{{conversation_id}}",
            f"DELETE {V1}/conversations/{{conversation_id}}",
            f"POST {V1}/conversations/{{conversation_id}}/messages",
            f"POST {V1}/conversations/{{conversation_id}}/messages/{{message_id}}/retry",
        ),
        "one's own; what the assistant does is told as what it is",
    ),
    "POST /mcp": "what its tools do is told as what it is",
    f"POST {V1}/auth/refresh": "goes on with a sign-in that was told",
    f"POST {V1}/charts/inspect": "looks at what is public to admins, and changes nothing",
    f"POST {V1}/deployments/preview": "changes nothing",
    f"POST {V1}/deployments/{{deployment_id}}/preview": "changes nothing",
}


class Acting:
    """Uses routes, and checks after each that just what was done is in the audit trail, by whoever did it."""

    def __init__(self, api: httpx.AsyncClient, world: World) -> None:
        self.api = api
        self.world = world
        self.used: set[str] = set()
        self._known: set[str] = set()

    async def trail(self) -> list[dict[str, Any]]:
        """Return what the trail has more than at the last look."""
        found = (await self.api.get(f"{V1}/audit?limit=200", headers=self.world.as_admin)).json()["items"]
        fresh = [each for each in found if each["id"] not in self._known]
        self._known |= {each["id"] for each in found}
        return fresh

    async def do(self, rule: str, told: str, who: dict[str, str], *, body: Any = None, **ids: Any) -> Any:
        """Use a route; return what it answers."""
        await self.trail()
        method, _, template = rule.partition(" ")
        sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        path = template.format(**ids)
        answer = await self.api.request(
            method, f"{V1}{path}", headers=who, **(sent if method not in ("GET", "DELETE") else {})
        )
        assert answer.status_code < 300, f"{rule}: {answer.text}"
        accepted = [each["action"] for each in await self.trail() if each["result"] == "accepted"]
        assert f"dev.slipway.{told}.v1" in accepted, f"{rule} is not told"
        self.used.add(f"{method} {V1}{template.partition('?')[0]}")
        return answer.json() if answer.content else None


@pytest.fixture
async def acting(deps: Deps, world: World) -> AsyncIterator[Acting]:
    async def inspected(_: str, __: bytes) -> bytes:
        return encode(InspectedChart(digest=f"sha256:{'7' * 64}", name="hello", version="1.0.0"))

    broker = MemoryBroker()
    async with (
        client_of(create_app(msgspec.structs.replace(deps, broker=broker)), "http://slipway.test") as client,
        broker.respond(subjects.queries("local"), inspected, group="executors"),
    ):
        yield Acting(client, world)


async def test_every_route_that_changes_something_is_told(acting: Acting, world: World, database: Database):
    for part in (signing_in, users_and_platform, catalogue, deployments, jobs):
        await part(acting, world, database)
    changing = {rule for rule in RULES if not rule.startswith("GET")}
    assert acting.used == changing - NOT_TOLD.keys()


async def signing_in(acting: Acting, world: World, database: Database) -> None:
    await ensure_admin(database, email=EMAIL, password=PASSWORD)
    signed = await acting.do("POST /auth/login", "user.signed_in", {}, body={"email": EMAIL, "password": PASSWORD})
    body = {"current_password": PASSWORD, "new_password": NEW}
    await acting.do("POST /auth/password", "user.changed", bearer(signed), body=body)
    token = await acting.do("POST /users/me/tokens", "user.token_created", bearer(signed), body={"name": "program"})
    await acting.do("DELETE /users/me/tokens/{token_id}", "user.token_deleted", bearer(signed), token_id=token["id"])
    await acting.do("POST /auth/logout", "user.signed_out", bearer(signed))
    code = await mint(database, EMAIL)
    await acting.do("POST /auth/exchange", "user.signed_in", {}, body={"code": code})


async def users_and_platform(acting: Acting, world: World, database: Database) -> None:
    admin = world.as_admin
    key = base64.b64encode(bytes(PrivateKey.generate().public_key)).decode()
    await do(database, "UPDATE cluster SET public_key = :key", key=key)
    user = await acting.do("POST /users", "user.created", admin, body={"email": "new@example.org"})
    await acting.do("PATCH /users/{user_id}", "user.changed", admin, user_id=user["id"], body={"display_name": "New"})
    await acting.do(
        "PUT /users/{user_id}/quota", "user.quota_changed", admin, user_id=user["id"], body={"deployments": 3}
    )
    await acting.do("DELETE /users/{user_id}", "user.deleted", admin, user_id=user["id"])
    login = {"host": "charts.example.org", "username": "robot", "password": "p4ssw0rd!"}
    registry = await acting.do("POST /registries", "registry.created", admin, body=login)
    await acting.do("DELETE /registries/{registry_id}", "registry.deleted", admin, registry_id=registry["id"])
    await acting.do("POST /clusters", "cluster.created", admin, body={"name": "lost"})
    await acting.do("POST /clusters/{cluster_id}/forget", "cluster.forgotten", admin, cluster_id="lost", body={})
    await acting.do("POST /admin/drift-scan", "installation.drift_scan_requested", admin, body={})


async def catalogue(acting: Acting, world: World, database: Database) -> None:
    admin = world.as_admin
    await acting.do("POST /charts", "chart.uploaded", admin, body=b"\x1f\x8b" + bytes(9))
    product = await acting.do("POST /products", "product.created", admin, body={"name": "new"})
    mine = {"product_id": product["id"]}
    await acting.do("PATCH /products/{product_id}", "product.changed", admin, **mine, body={"name": "newer"})
    version = {"docker_image_url": "nginx:7"}
    template = await acting.do("POST /products/{product_id}/templates", "template.created", admin, **mine, body=version)
    await acting.do("DELETE /templates/{template_id}", "template.withdrawn", admin, template_id=template["id"])
    await acting.do("DELETE /products/{product_id}", "product.deleted", admin, **mine)


async def deployments(acting: Acting, world: World, database: Database) -> None:
    user, admin = world.as_user, world.as_admin
    mine = {"product_id": world.mine.product}
    version = {
        "docker_image_url": "nginx:8",
        "values_schema_json": {"properties": {"user": LOGIN}},
        "capabilities_json": {"secret_fields": FIELDS},
    }
    newer = await acting.do("POST /products/{product_id}/templates", "template.created", admin, **mine, body=version)
    body = {"template_id": str(world.mine.template), "domain_name": "new.example.org"}
    made = await acting.do("POST /deployments", "deployment.created", user, body=body)
    this = {"deployment_id": made["id"]}
    adopted = {**body, "domain_name": "a.example.org", "namespace_name": "theirs", "release_name": "theirs"}
    await acting.do("POST /deployments/adopt", "deployment.created", admin, body=adopted)
    one = "/deployments/{deployment_id}"
    await acting.do(f"PATCH {one}", "deployment.changed", user, **this, body={"domain_name": "newer.example.org"})
    for verb, told in {
        "suspend": "suspended", "resume": "resumed", "restart": "restart_requested", "test": "test_requested",
        "reconcile": "reconcile_requested", "cancel": "cancel_requested",
    }.items():  # fmt: skip
        await acting.do(f"POST {one}/{verb}", f"deployment.{told}", user, **this, body={})
    await acting.do(f"POST {one}/upgrade", "deployment.changed", admin, **this, body={"template_id": newer["id"]})
    for method, content in (("PUT", {"value": "correct-horse"}), ("DELETE", None)):
        rule = f"{method} {one}/secrets/{{name}}"
        await acting.do(rule, "deployment.secret_changed", user, **this, name="auth/password", body=content)
    await do(
        database,
        "INSERT INTO deployment_revision (deployment_id, revision, generation, template_id, digest, succeeded, job_id)"
        " VALUES (:d, 1, 1, :t, 'x', true, :j)",
        d=made["id"], t=world.mine.template, j=new_id(),
    )  # fmt: skip
    await acting.do(f"POST {one}/rollback", "deployment.changed", user, **this, body={"revision": 1})
    rollout = await acting.do(
        "POST /products/{product_id}/rollouts", "rollout.started", admin, **mine, body={"template_id": newer["id"]}
    )
    await acting.do("POST /rollouts/{rollout_id}/stop", "rollout.finished", admin, rollout_id=rollout["id"], body={})
    await acting.do(f"DELETE {one}", "deployment.delete_requested", user, **this)


async def jobs(acting: Acting, world: World, database: Database) -> None:
    path = f"{V1}/deployments/{world.deployment}/jobs"
    [job] = (await acting.api.get(path, headers=world.as_user)).json()["items"]
    await acting.do("POST /jobs/{job_id}/fail", "job.failed", world.as_admin, job_id=job["id"], body={})
    await acting.do("POST /jobs/{job_id}/requeue", "job.requeued", world.as_admin, job_id=job["id"], body={})
