"""Who may call what: every route of the application has a rule here, and every rule is tried as each kind of caller."""

from typing import Any

import httpx
import pytest
from litestar import Litestar

from slipway.database.engine import Database
from tests.api.conftest import World, pointers, refused
from tests.api.test_deployments import rows

PUBLIC, SIGNED_IN, OWNER, OWNER_THEN_ADMIN, ADMIN = "public", "signed in", "owner", "owner, then admin", "admin"
OWNER_ALONE = "owner alone"
"""404 to everybody else, admins included."""
V1 = "/api/v1"
RULES = {
    f"POST {V1}/auth/login": PUBLIC,
    f"POST {V1}/auth/exchange": PUBLIC,
    f"POST {V1}/auth/refresh": PUBLIC,
    f"GET {V1}/auth/methods": PUBLIC,
    f"GET {V1}/auth/oidc/start": PUBLIC,
    f"GET {V1}/auth/oidc/callback": PUBLIC,
    f"POST {V1}/auth/logout": SIGNED_IN,
    f"POST {V1}/auth/password": SIGNED_IN,
    f"GET {V1}/users/me/tokens": SIGNED_IN,
    f"POST {V1}/users/me/tokens": SIGNED_IN,
    f"DELETE {V1}/users/me/tokens/{{token_id}}": OWNER_ALONE,
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
    f"POST {V1}/charts": ADMIN,
    f"POST {V1}/charts/inspect": ADMIN,
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
    f"GET {V1}/deployments/{{deployment_id}}/resources/{{kind}}/{{name}}": OWNER,
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
    f"GET {V1}/tasks": SIGNED_IN,
    f"POST {V1}/tasks": SIGNED_IN,
    **{f"{method} {V1}/tasks/{{task_id}}": OWNER_ALONE for method in ("GET", "PATCH", "DELETE")},
    f"GET {V1}/conversations": SIGNED_IN,
    f"POST {V1}/conversations": SIGNED_IN,
    **{f"{method} {V1}/conversations/{{conversation_id}}": OWNER_ALONE for method in ("GET", "PATCH", "DELETE")},
    f"GET {V1}/conversations/{{conversation_id}}/messages": OWNER_ALONE,
    f"POST {V1}/conversations/{{conversation_id}}/messages": OWNER_ALONE,
    f"POST {V1}/conversations/{{conversation_id}}/messages/{{message_id}}/retry": OWNER_ALONE,
    "POST /mcp": SIGNED_IN,
}
ENDLESS = {f"GET {V1}/events"}
"""Never ends once it began, so only its refusals are tried here."""


def routes_of(app: Litestar) -> set[str]:
    found: set[str] = set()
    for route in app.routes:
        path = route.path_format
        if path.startswith("/api/v1/openapi/") or path in ("/", "/{path}"):
            continue  # the framework's own copy of the document, and the console's files (tests/api/test_console.py)
        methods = getattr(route, "methods", None) or (
            "POST",
        )  # of an ASGI application: it is the only one that /mcp takes
        found |= {f"{method} {path}" for method in methods if method != "OPTIONS"}
    return found


def test_every_route_has_a_rule(app: Litestar):
    """Row 51: a route without one fails here."""
    assert routes_of(app) - {f"GET {V1}/openapi"} == set(RULES)


async def ask(api: httpx.AsyncClient, world: World, rule: str, headers: dict[str, str]) -> httpx.Response:
    """Call a route on the first user's things, with a body that is right for it."""
    method, _, template = rule.partition(" ")
    ids = {
        "user_id": world.mine.user, "product_id": world.mine.product, "template_id": world.mine.template,
        "deployment_id": world.deployment, "job_id": world.deployment,
        "name": "token", "pod": "web-0", "kind": "Deployment", "rollout_id": world.deployment, "cluster_id": "local",
        "registry_id": world.deployment, "token_id": world.token, "task_id": world.task, "conversation_id": world.conversation,
        "message_id": world.message,
    }  # fmt: skip
    body: dict[str, Any] = {
        f"POST {V1}/auth/refresh": {"refresh_token": 1},  # 422: it was read, and nobody was asked to sign in
        f"POST {V1}/users/me/tokens": {"name": "new"},
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
        f"POST {V1}/charts/inspect": {"chart_ref": "oci://127.0.0.1:5000/charts/hello", "chart_version": "1.0.0"},
        f"POST {V1}/clusters": {"name": "second"},
        f"POST {V1}/registries": {"host": "charts.example.org", "username": "me", "password": "s3cret"},
        f"POST {V1}/deployments/preview": {"product_id": str(world.mine.product), "domain_name": "new.example.org"},
        f"PUT {V1}/deployments/{{deployment_id}}/secrets/{{name}}": {"value": "s3cret"},
        f"POST {V1}/tasks": {"title": "new"},
        f"POST {V1}/conversations/{{conversation_id}}/messages": {"content": "hello"},
        "POST /mcp": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
    }.get(rule, {})
    if rule == f"POST {V1}/charts":
        return await api.post("/charts", content=b"\x1f\x8b", headers=headers)
    sent = body if method in ("POST", "PATCH", "PUT") else None
    return await api.request(method, f"http://slipway.test{template.format(**ids)}", headers=headers, json=sent)


CLOSED = sorted(rule for rule, kind in RULES.items() if kind != PUBLIC)


@pytest.mark.parametrize("rule", CLOSED)
async def test_strangers_are_asked_to_sign_in(api: httpx.AsyncClient, world: World, rule: str):
    """Row 51."""
    answer = await ask(api, world, rule, {})
    refused(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("rule", sorted(set(RULES) - ENDLESS))
async def test_another_user_is_refused_as_the_rule_says(api: httpx.AsyncClient, world: World, rule: str):
    """Row 51."""
    answer = await ask(api, world, rule, world.as_other)
    match RULES[rule]:
        case "admin":
            refused(answer, 403, "forbidden")
        case "owner" | "owner, then admin" | "owner alone":
            refused(answer, 404, "not_found")
        case _:
            assert answer.status_code not in (401, 403, 404), answer.text


LIVE = {
    f"GET {V1}/deployments/{{deployment_id}}/{what}"
    for what in ("resources", "resources/{kind}/{name}", "notes", "pods/{pod}/logs")
} | {f"POST {V1}/deployments/{{deployment_id}}/preview"}
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


@pytest.mark.parametrize("rule", sorted(rule for rule, kind in RULES.items() if kind == OWNER_ALONE))
async def test_the_owner_may_and_no_admin(api: httpx.AsyncClient, world: World, rule: str):
    refused(await ask(api, world, rule, world.as_admin), 404, "not_found")
    own = await ask(api, world, rule, world.as_user)
    # answering needs a model, which these tests do not have
    assert own.status_code == 503 if "POST" in rule else own.status_code in (200, 204), own.text


@pytest.mark.parametrize("path", ["tasks", "conversations"])
async def test_lists_show_ones_own_only(api: httpx.AsyncClient, world: World, path: str):
    own = (await api.get(f"/{path}", headers=world.as_user)).json()["items"]
    assert [each["user_id"] for each in own] == [str(world.mine.user)]
    for who in (world.as_other, world.as_admin):
        for query in ("", f"?user_id={world.mine.user}", "?q=a"):
            assert (await api.get(f"/{path}{query}", headers=who)).json()["items"] == []


@pytest.mark.parametrize("rule", sorted(rule for rule, kind in RULES.items() if kind == ADMIN))
async def test_admins_may_what_admins_may(api: httpx.AsyncClient, world: World, rule: str):
    """Row 51."""
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
    """Row 51: mass assignment."""
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
