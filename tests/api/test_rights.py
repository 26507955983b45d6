"""Who may call what: every route of the application has a rule here, and every rule is tried as each kind of caller."""

from typing import Any

import httpx
import pytest
from litestar import Litestar

from slipway.database.engine import Database
from tests.api.conftest import World, pointers, refused
from tests.api.test_deployments import rows

PUBLIC, SIGNED_IN, OWNER, OWNER_THEN_ADMIN, ADMIN = "public", "signed in", "owner", "owner, then admin", "admin"
V1 = "/api/v1"
RULES = {
    f"POST {V1}/auth/login": PUBLIC,
    f"GET {V1}/openapi.json": PUBLIC,
    "GET /health": PUBLIC,
    "GET /health/live": PUBLIC,
    "GET /health/ready": PUBLIC,
    "GET /metrics": PUBLIC,
    f"GET {V1}/users/me": SIGNED_IN,
    f"GET {V1}/users": ADMIN,
    f"POST {V1}/users": ADMIN,
    f"GET {V1}/users/{{user_id}}": ADMIN,
    f"PATCH {V1}/users/{{user_id}}": ADMIN,
    f"DELETE {V1}/users/{{user_id}}": ADMIN,
    f"GET {V1}/products": SIGNED_IN,
    f"POST {V1}/products": ADMIN,
    f"GET {V1}/products/{{product_id}}": SIGNED_IN,
    f"PATCH {V1}/products/{{product_id}}": ADMIN,
    f"DELETE {V1}/products/{{product_id}}": ADMIN,
    f"GET {V1}/products/{{product_id}}/templates": SIGNED_IN,
    f"POST {V1}/products/{{product_id}}/templates": ADMIN,
    f"GET {V1}/templates/{{template_id}}": SIGNED_IN,
    f"DELETE {V1}/templates/{{template_id}}": ADMIN,
    f"GET {V1}/deployments": SIGNED_IN,
    f"POST {V1}/deployments": SIGNED_IN,
    f"GET {V1}/deployments/{{deployment_id}}": OWNER,
    f"PATCH {V1}/deployments/{{deployment_id}}": OWNER,
    f"DELETE {V1}/deployments/{{deployment_id}}": OWNER,
    f"POST {V1}/deployments/{{deployment_id}}/upgrade": OWNER_THEN_ADMIN,
    **{
        f"POST {V1}/deployments/{{deployment_id}}/{verb}": OWNER
        for verb in ("reconcile", "cancel", "suspend", "resume", "restart", "test")
    },
    f"POST {V1}/deployments/{{deployment_id}}/rollback": OWNER,
    f"POST {V1}/deployments/adopt": ADMIN,
    f"GET {V1}/deployments/{{deployment_id}}/jobs": OWNER,
    f"GET {V1}/deployments/{{deployment_id}}/revisions": OWNER,
    f"GET {V1}/deployments/{{deployment_id}}/events": OWNER,
    f"POST {V1}/deployments/preview": SIGNED_IN,
    f"POST {V1}/deployments/{{deployment_id}}/preview": OWNER,
    f"PUT {V1}/deployments/{{deployment_id}}/secrets/{{name}}": OWNER,
    f"DELETE {V1}/deployments/{{deployment_id}}/secrets/{{name}}": OWNER,
    f"GET {V1}/deployments/{{deployment_id}}/resources": OWNER,
    f"GET {V1}/deployments/{{deployment_id}}/notes": OWNER,
    f"GET {V1}/deployments/{{deployment_id}}/pods/{{pod}}/logs": OWNER,
    f"GET {V1}/users/{{user_id}}/quota": ADMIN,
    f"PUT {V1}/users/{{user_id}}/quota": ADMIN,
    f"POST {V1}/products/{{product_id}}/rollouts": ADMIN,
    f"GET {V1}/products/{{product_id}}/rollouts": ADMIN,
    f"GET {V1}/rollouts/{{rollout_id}}": ADMIN,
    f"POST {V1}/rollouts/{{rollout_id}}/stop": ADMIN,
    f"GET {V1}/clusters": ADMIN,
    f"POST {V1}/clusters": ADMIN,
    f"POST {V1}/clusters/{{cluster_id}}/forget": ADMIN,
    f"GET {V1}/registries": ADMIN,
    f"POST {V1}/registries": ADMIN,
    f"DELETE {V1}/registries/{{registry_id}}": ADMIN,
    f"GET {V1}/audit": ADMIN,
    f"POST {V1}/admin/drift-scan": ADMIN,
    f"GET {V1}/jobs": ADMIN,
    f"POST {V1}/jobs/{{job_id}}/requeue": ADMIN,
    f"POST {V1}/jobs/{{job_id}}/fail": ADMIN,
    f"GET {V1}/events": SIGNED_IN,
}
ENDLESS = {f"GET {V1}/events"}
"""Never ends once it began, so only its refusals are tried here."""


def routes_of(app: Litestar) -> set[str]:
    found: set[str] = set()
    for route in app.routes:
        path = route.path_format
        if path.startswith("/api/v1/openapi/"):
            continue  # the framework's own copy of the document
        found |= {f"{method} {path}" for method in getattr(route, "methods", ()) if method != "OPTIONS"}
    return found


def test_every_route_has_a_rule(app: Litestar):
    assert routes_of(app) - {f"GET {V1}/openapi"} == set(RULES)


async def ask(api: httpx.AsyncClient, world: World, rule: str, headers: dict[str, str]) -> httpx.Response:
    """Call a route on the first user's things, with a body that is right for it."""
    method, _, template = rule.partition(" ")
    ids = {
        "user_id": world.mine.user, "product_id": world.mine.product, "template_id": world.mine.template,
        "deployment_id": world.deployment, "job_id": world.deployment,
        "name": "token", "pod": "web-0", "rollout_id": world.deployment, "cluster_id": "local",
        "registry_id": world.deployment,
    }  # fmt: skip
    body: dict[str, Any] = {
        f"POST {V1}/users": {"email": "new@example.org"},
        f"POST {V1}/products": {"name": "new"},
        f"POST {V1}/products/{{product_id}}/templates": {"docker_image_url": "nginx:3"},
        f"POST {V1}/deployments": {"product_id": str(world.mine.product), "domain_name": "new.example.org"},
        f"POST {V1}/deployments/{{deployment_id}}/upgrade": {"template_id": str(world.mine.template)},
        f"POST {V1}/deployments/{{deployment_id}}/rollback": {"revision": 1},
        f"POST {V1}/deployments/adopt": {
            "template_id": str(world.mine.template),
            "domain_name": "adopted.example.org",
            "namespace_name": "theirs",
            "release_name": "theirs",
        },
        f"POST {V1}/clusters": {"name": "second"},
        f"POST {V1}/registries": {"host": "charts.example.org", "username": "me", "password": "s3cret"},
        f"POST {V1}/deployments/preview": {"product_id": str(world.mine.product), "domain_name": "new.example.org"},
        f"PUT {V1}/deployments/{{deployment_id}}/secrets/{{name}}": {"value": "s3cret"},
    }.get(rule, {})
    sent = body if method in ("POST", "PATCH", "PUT") else None
    return await api.request(method, f"http://slipway.test{template.format(**ids)}", headers=headers, json=sent)


CLOSED = sorted(rule for rule, kind in RULES.items() if kind != PUBLIC)


@pytest.mark.parametrize("rule", CLOSED)
async def test_strangers_are_asked_to_sign_in(api: httpx.AsyncClient, world: World, rule: str):
    answer = await ask(api, world, rule, {})
    refused(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("rule", sorted(set(RULES) - ENDLESS))
async def test_another_user_is_refused_as_the_rule_says(api: httpx.AsyncClient, world: World, rule: str):
    answer = await ask(api, world, rule, world.as_other)
    match RULES[rule]:
        case "admin":
            refused(answer, 403, "forbidden")
        case "owner" | "owner, then admin":
            refused(answer, 404, "not_found")
        case _:
            assert answer.status_code not in (401, 403, 404), answer.text


LIVE = {f"GET {V1}/deployments/{{deployment_id}}/{what}" for what in ("resources", "notes", "pods/{pod}/logs")} | {
    f"POST {V1}/deployments/{{deployment_id}}/preview"
}
"""Asked of an executor, which these tests do not have: 503 is what the owner gets."""
UNREADY = {f"POST {V1}/deployments/{{deployment_id}}/rollback": 422} | {
    f"{method} {V1}/deployments/{{deployment_id}}/secrets/{{name}}": 404 for method in ("PUT", "DELETE")
}
"""What these routes answer on a deployment that has no revision and no secret field yet."""


@pytest.mark.parametrize("rule", sorted(rule for rule, kind in RULES.items() if kind in (OWNER, OWNER_THEN_ADMIN)))
async def test_the_owner_and_admins_may(api: httpx.AsyncClient, world: World, rule: str):
    own = await ask(api, world, rule, world.as_user)
    granted = {503} if rule in LIVE else {UNREADY[rule]} if rule in UNREADY else {200, 202}
    if RULES[rule] == OWNER_THEN_ADMIN:
        refused(own, 403, "forbidden")
    else:
        assert own.status_code in granted, own.text
        assert "deployment" not in own.json().get("detail", ""), "the deployment itself was found"
    assert (await ask(api, world, rule, world.as_admin)).status_code in granted


@pytest.mark.parametrize("rule", sorted(rule for rule, kind in RULES.items() if kind == ADMIN))
async def test_admins_may_what_admins_may(api: httpx.AsyncClient, world: World, rule: str):
    assert (await ask(api, world, rule, world.as_admin)).status_code not in (401, 403, 405, 422, 500)


@pytest.mark.parametrize("rule", sorted(rule for rule, kind in RULES.items() if kind == ADMIN and "GET" not in rule))
async def test_a_forbidden_change_is_recorded_with_who_asked(
    api: httpx.AsyncClient, world: World, database: Database, rule: str
):
    refused(await ask(api, world, rule, world.as_user), 403, "forbidden")
    told = await rows(
        database,
        "SELECT actor_json ->> 'id' AS actor, data_json ->> 'code' AS code FROM outbox_event WHERE type LIKE '%refused%'",
    )
    assert told == [{"actor": str(world.mine.user), "code": "forbidden"}]


@pytest.mark.parametrize(
    "field", ["id", "user_id", "status", "generation", "applied_generation", "suspended", "attempt"]
)
async def test_no_field_that_is_not_offered_can_be_set(api: httpx.AsyncClient, world: World, field: str):
    body = {"template_id": str(world.mine.template), "domain_name": "mass.example.org", field: 1}
    assert pointers(await api.post("/deployments", json=body, headers=world.as_user)) == [f"/{field}"]


async def test_a_user_cannot_become_admin_and_an_admin_is_made_explicitly(api: httpx.AsyncClient, world: World):
    mine = await api.patch(f"/users/{world.mine.user}", json={"is_admin": True}, headers=world.as_user)
    refused(mine, 403, "forbidden")
    made = await api.post("/users", json={"email": "plain@example.org"}, headers=world.as_admin)
    assert made.json()["is_admin"] is False
    made = await api.post("/users", json={"email": "root@example.org", "is_admin": True}, headers=world.as_admin)
    assert made.json()["is_admin"] is True
    hashed = {"email": "h@example.org", "password_hash": "x", "deleted_at": None}
    assert pointers(await api.post("/users", json=hashed, headers=world.as_admin)) == ["/password_hash", "/deleted_at"]
