"""Bad input: the right status, a problem document, a place for each fault, nothing written and nothing given away."""

import base64
import json
from typing import Any

import httpx
import msgspec
import pytest
import structlog
from litestar import Litestar, get

from slipway.database.engine import Database
from slipway_api.app import create_app
from slipway_api.deps import Deps
from slipway_api.problems import HANDLERS
from slipway_api.routes.health import health_of
from tests.api.conftest import World, client_of, pointers, refused
from tests.api.test_deployments import rows

SECRET = "hunter2-must-never-appear"
DEEP = "[" * 5000 + "]" * 5000


@pytest.mark.parametrize("body", [b"{", b"nonsense", b'{"domain_name": NaN}', b"\xff\xfe", b'{"a": "\\ud800"}'])
async def test_what_is_no_json_is_400(api: httpx.AsyncClient, world: World, body: bytes):
    answer = await api.post("/deployments", content=body, headers={**world.as_user, "content-type": "application/json"})
    refused(answer, 400, "malformed")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"5", b'"text"'])
async def test_json_that_is_no_object_is_422(api: httpx.AsyncClient, world: World, body: bytes):
    answer = await api.post("/deployments", content=body, headers={**world.as_user, "content-type": "application/json"})
    refused(answer, 422, "invalid")


async def test_a_verb_takes_no_fields(api: httpx.AsyncClient, world: World):
    path = f"/deployments/{world.deployment}/reconcile"
    assert pointers(await api.post(path, json={"force": True, "x": 1}, headers=world.as_user)) == ["/force", "/x"]
    refused(await api.post(path, json=[1], headers=world.as_user), 422, "invalid")


async def test_deep_and_large_bodies_are_bounded(api: httpx.AsyncClient, world: World):
    """Row 54."""
    headers = {**world.as_user, "content-type": "application/json"}
    deep = f'{{"domain_name": "a.example.org", "user_values": {{"a": {DEEP}}}}}'
    refused(await api.post("/deployments", content=deep, headers=headers), 400, "malformed")
    less = deep.replace(DEEP, "[" * 300 + "]" * 300)
    assert (await api.post("/deployments", content=less, headers=headers)).status_code == 422
    large = json.dumps({"domain_name": "a" * 2_000_000})
    refused(await api.post("/deployments", content=large, headers=headers), 413, "too_large")


async def test_what_the_framework_refuses_is_a_problem_document_too(api: httpx.AsyncClient, world: World):
    refused(await api.get("/nowhere", headers=world.as_user), 404, "not_found")
    wrong = await api.put(f"/deployments/{world.deployment}", json={}, headers=world.as_user)
    refused(wrong, 405, "method_not_allowed")
    assert "PATCH" in wrong.headers["allow"]
    refused(await api.get("/deployments/not-an-id", headers=world.as_user), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=abc", "/limit"),
        (f"limit={10**30}", "/limit"),
        ("cursor=garbage", "/cursor"),
        ("cursor=%00", "/cursor"),
        ("cursor=é", "/cursor"),
        ("cursor=' OR 1=1 --", "/cursor"),
        ("status=' OR 1=1 --", "/status"),
        ("user_id=1;DROP TABLE users", "/user_id"),
        ("deleted=perhaps", "/deleted"),
    ],
)
async def test_queries_are_checked(api: httpx.AsyncClient, world: World, query: str, where: str):
    """Row 53."""
    assert pointers(await api.get(f"/deployments?{query}", headers=world.as_user)) == [where]


@pytest.mark.parametrize(
    "inside",
    [
        [], {}, ["2020-01-01T00:00:00", "x"], ["2020-01-01T00:00:00", "00000000-0000-0000-0000-000000000000"],
        ["2020-01-01T00:00:00Z", "'; DROP TABLE users; --"], "x", None, [1, 2, 3],
    ],
    ids=str,
)  # fmt: skip
async def test_a_made_up_cursor_is_refused(api: httpx.AsyncClient, world: World, inside: Any):
    """Row 53."""
    cursor = base64.urlsafe_b64encode(json.dumps(inside).encode()).decode()
    answer = await api.get("/deployments", params={"cursor": cursor}, headers=world.as_user)
    assert pointers(answer) == ["/cursor"]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2020-01-01T00:00:00Z"])
async def test_a_cursor_of_any_time_is_a_page_or_a_refusal(api: httpx.AsyncClient, world: World, at: str):
    inside = json.dumps([at, "00000000-0000-0000-0000-000000000000"])
    cursor = base64.urlsafe_b64encode(inside.encode()).decode()
    answer = await api.get("/deployments", params={"cursor": cursor}, headers=world.as_user)
    assert answer.status_code in (200, 422), answer.text


@pytest.mark.parametrize("after", ["-1", "0", str(2**63 - 1), str(2**63), str(10**30)])
async def test_a_place_in_the_events_of_any_size_is_a_page_or_a_refusal(
    api: httpx.AsyncClient, world: World, after: str
):
    path = f"/deployments/{world.deployment}/events?after={after}"
    assert (await api.get(path, headers=world.as_user)).status_code in (200, 422)


@pytest.mark.parametrize("text", ["nul\0byte", "' OR 1=1 --", "*.>", "a.b", "x" * 500, "../..", "$(id)", "\n"])
async def test_text_that_means_something_elsewhere_stays_text(
    api: httpx.AsyncClient, world: World, database: Database, text: str
):
    """Row 53."""
    body = {"product_id": str(world.mine.product), "domain_name": "t.example.org", "cluster": text}
    assert pointers(await api.post("/deployments", json=body, headers=world.as_user)) == ["/cluster"]
    body = {"product_id": str(world.mine.product), "domain_name": text}
    answer = await api.post("/deployments", json=body, headers=world.as_user)
    assert answer.status_code == 202 if text == "a.b" else pointers(answer) == ["/domain_name"]
    for fields in ({"name": text}, {"name": "n", "description": text}, {"name": "o", "icon": text}):
        assert (await api.post("/products", json=fields, headers=world.as_admin)).status_code in (201, 409, 422)
    made = {"docker_image_url": "nginx", "version_label": text, "chart_version": text}
    path = f"/products/{world.mine.product}/templates"
    assert (await api.post(path, json=made, headers=world.as_admin)).status_code in (201, 422)
    user = {"email": f"{text}@example.org", "display_name": text}
    assert (await api.post("/users", json=user, headers=world.as_admin)).status_code in (201, 422)
    login = {"email": text, "password": text}
    assert (await api.post("/auth/login", json=login)).status_code == (422 if "\0" in text else 401)
    assert (await rows(database, "SELECT count(*) AS n FROM users"))[0]["n"] >= 3


VALUES: list[Any] = [
    {"a": None}, {"a": 2**70}, {"a": "nul\0"}, {"k\0": 1}, {"a": "x" * 300_000}, {"a": [[[None]]]}, {"": ""}, {"a": 1e308},
]  # fmt: skip


@pytest.mark.parametrize("values", VALUES, ids=range(len(VALUES)))
async def test_values_that_no_chart_could_take_are_refused_or_kept_whole(
    api: httpx.AsyncClient, world: World, values: dict[str, Any]
):
    open_schema = {"docker_image_url": "nginx", "values_schema_json": {"properties": {"user": {"type": "object"}}}}
    made = await api.post(f"/products/{world.mine.product}/templates", json=open_schema, headers=world.as_admin)
    body = {"template_id": made.json()["id"], "domain_name": "v.example.org", "user_values": values}
    answer = await api.post("/deployments", json=body, headers=world.as_user)
    if answer.status_code == 202:
        assert answer.json()["user_values"] == values
    else:
        assert all(each.startswith("/user_values") for each in pointers(answer))


async def test_no_secret_comes_back_or_is_told(
    api: httpx.AsyncClient, world: World, database: Database, capfd: pytest.CaptureFixture[str]
):
    """Row 62."""
    schema = {"properties": {"user": {"properties": {"password": {"type": "string", "maxLength": 3}}}}}
    made = await api.post(
        f"/products/{world.mine.product}/templates",
        json={"docker_image_url": "nginx", "values_schema_json": schema},
        headers=world.as_admin,
    )
    body = {"template_id": made.json()["id"], "domain_name": "s.example.org", "user_values": {"password": SECRET}}
    key = {"Idempotency-Key": "k"}
    user = {"email": "s@example.org", "password": SECRET}
    answers = [
        await api.post("/deployments", json=body, headers=world.as_user),
        await api.post("/deployments", json={**body, "user_values": {"password": [SECRET]}}, headers=world.as_user),
        await api.post("/deployments", json={**body, "cluster": [SECRET]}, headers=world.as_user),
        await api.post("/auth/login", json={"email": SECRET, "password": SECRET}),
        await api.post("/auth/login", json={"email": "a@example.org", "password": SECRET}),
        await api.post("/auth/login", json={"email": "a@example.org", "password": [SECRET]}),
        await api.post(
            "/auth/login", content=f'{{"password": "{SECRET}"', headers={"content-type": "application/json"}
        ),
        await api.post("/users", json=user, headers={**world.as_admin, **key}),
        await api.get("/users/me", headers={"Authorization": f"Bearer {SECRET}"}),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 401, 401, 422, 400, 201, 401]
    kept = await rows(database, "SELECT * FROM outbox_event")
    kept += await rows(database, "SELECT * FROM idempotency_record")
    kept += await rows(database, "SELECT * FROM users")
    told = "".join(capfd.readouterr())
    assert all(SECRET not in text for text in [*(answer.text for answer in answers), str(kept), told])


async def test_a_fault_of_ours_is_logged_by_its_place_and_not_by_what_it_held():
    @get("/broken")
    async def broken() -> None:
        raise ValueError(SECRET)

    async with client_of(Litestar([broken], exception_handlers=HANDLERS), "http://slipway.test") as api:
        with structlog.testing.capture_logs() as logs:
            answer = await api.get("/broken")
    refused(answer, 500, "internal")
    assert [(log["event"], log["error"], log["path"]) for log in logs] == [("request_failed", "ValueError", "/broken")]
    assert "in broken" in logs[0]["traceback"]
    assert SECRET not in answer.text + str(logs)


async def test_a_lost_database_is_503_and_health_says_so(deps: Deps, world: World):
    nowhere = Database.connect("postgresql://nobody:x@127.0.0.1:1/none", service="test")
    app = create_app(msgspec.structs.replace(deps, database=nowhere, health=health_of(nowhere, None)))
    async with client_of(app, "http://slipway.test") as api:
        answer = await api.get("/api/v1/products", headers=world.as_user)
        refused(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        ready = await api.get("/health/ready")
        assert (ready.status_code, ready.json()["dependencies"]["database"]) == (503, "down")
        alive = await api.get("/health")
        assert (alive.status_code, alive.json()["dependencies"]) == (200, {"database": "down", "nats": "down"})
        assert (await api.get("/health/live")).status_code == 200
    await nowhere.close()


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2030-01-01T00:00:00"])
async def test_a_time_that_no_column_can_hold_is_refused_at_every_door(api: httpx.AsyncClient, world: World, time: str):
    new = {"template_id": str(world.mine.template), "domain_name": "t.example.org", "expires_at": time}
    assert pointers(await api.post("/deployments", json=new, headers=world.as_user)) == ["/expires_at"]
    path = f"/deployments/{world.deployment}"
    assert pointers(await api.patch(path, json={"expires_at": time}, headers=world.as_user)) == ["/expires_at"]
    token = {"name": "t", "expires_at": time}
    assert pointers(await api.post("/users/me/tokens", json=token, headers=world.as_user)) == ["/expires_at"]
    times = {"since": time, "until": time}
    assert pointers(await api.get("/audit", params=times, headers=world.as_admin)) == ["/since", "/until"]


async def test_what_no_database_can_look_for_is_refused(api: httpx.AsyncClient, world: World):
    for cursor in ("\u00b2", "\u0663", "x"):
        assert pointers(await api.get("/audit", params={"cursor": cursor}, headers=world.as_admin)) == ["/cursor"]
    for action in ("%00", "deployment.created", "dev.slipway.no.such.v1"):
        assert pointers(await api.get(f"/audit?action={action}", headers=world.as_admin)) == ["/action"]
    assert pointers(await api.get("/deployments?a%00b=1", headers=world.as_admin)) == ["/a\0b"]
    refused(await api.post("/clusters/%00/forget", headers=world.as_admin), 404, "not_found")
