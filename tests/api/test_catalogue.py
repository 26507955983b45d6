"""Users, products and template versions, as admins manage them."""

from typing import Any

import httpx
import msgspec
import pytest

from slipway.messaging import subjects
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.messages import encode
from slipway.messaging.queries import ResolveChart, ResolvedChart
from slipway_api.app import create_app
from slipway_api.deps import Deps
from tests.api.conftest import World, client_of, pointers, refused

CHART = {"chart_ref": "oci://127.0.0.1:5000/charts/hello", "chart_version": "1.2.3"}
DIGEST = "sha256:" + "ab" * 32


async def register(api: httpx.AsyncClient, world: World, **fields: Any) -> httpx.Response:
    return await api.post(f"/products/{world.mine.product}/templates", json=fields, headers=world.as_admin)


async def test_the_first_version_becomes_current_and_withdrawing_it_clears_it(api: httpx.AsyncClient, world: World):
    made = await api.post("/products", json={"name": "  Größe & Co  "}, headers=world.as_admin)
    assert made.status_code == 201, made.text
    product = made.json()
    assert made.headers["location"] == f"/api/v1/products/{product['id']}"
    assert (product["name"], product["template_id"]) == ("Größe & Co", None)
    path = f"/products/{product['id']}/templates"
    first = await api.post(path, json={**CHART, "chart_digest": DIGEST}, headers=world.as_admin)
    assert first.status_code == 201, first.text
    second = await api.post(path, json={"docker_image_url": "nginx:1"}, headers=world.as_admin)
    seen = (await api.get(f"/products/{product['id']}", headers=world.as_user)).json()
    assert seen["template_id"] == seen["template"]["id"] == first.json()["id"]
    withdrawn = await api.delete(f"/templates/{first.json()['id']}", headers=world.as_admin)
    assert withdrawn.status_code == 204
    seen = (await api.get(f"/products/{product['id']}", headers=world.as_user)).json()
    assert seen["template_id"] is None
    listed = (await api.get(path, headers=world.as_user)).json()["items"]
    assert [each["id"] for each in listed] == [second.json()["id"]]
    gone = await api.get(f"/templates/{first.json()['id']}", headers=world.as_user)
    assert gone.json()["deleted_at"] is not None
    body = {"template_id": first.json()["id"], "domain_name": "late.example.org"}
    assert pointers(await api.post("/deployments", json=body, headers=world.as_user)) == ["/template_id"]
    body = {"product_id": product["id"], "domain_name": "late.example.org"}
    assert pointers(await api.post("/deployments", json=body, headers=world.as_user)) == ["/product_id"]
    current = await api.patch(
        f"/products/{product['id']}", json={"template_id": first.json()["id"]}, headers=world.as_admin
    )
    assert pointers(current) == ["/template_id"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({}, ["/chart_ref"]),
        ({"chart_ref": "oci://127.0.0.1:5000/charts/hello"}, ["/chart_version"]),
        ({**CHART, "chart_ref": "oci://127.0.0.1:5000/charts/hello:1"}, ["/chart_ref"]),
        ({**CHART, "chart_ref": "oci://elsewhere.example.org/hello"}, ["/chart_ref"]),
        ({**CHART, "chart_ref": "https://169.254.169.254/latest/hello"}, ["/chart_ref"]),
        ({**CHART, "chart_ref": "https://2130706433/hello"}, ["/chart_ref"]),
        ({**CHART, "chart_ref": "file:///etc/passwd"}, ["/chart_ref"]),
        ({**CHART, "chart_ref": "oci://charts.example.org@evil.example.org/x"}, ["/chart_ref"]),
        ({**CHART, "chart_digest": "md5:1"}, ["/chart_digest"]),
        ({"chart_digest": "md5:1"}, ["/chart_digest"]),
        ({"docker_image_url": "not an image!"}, ["/docker_image_url"]),
        ({"docker_image_url": "nginx", "package_type": "kustomize"}, ["/package_type"]),
        ({"docker_image_url": "nginx", "health_timeout_sec": 0}, ["/health_timeout_sec"]),
        ({"docker_image_url": "nginx", "health_timeout_sec": True}, ["/health_timeout_sec"]),
        ({"docker_image_url": "nginx", "values_schema_json": {"type": "nonsense"}}, ["/values_schema_json"]),
        ({"docker_image_url": "nginx", "values_schema_json": {"$ref": "http://127.0.0.1/s"}}, ["/values_schema_json"]),
        ({"docker_image_url": "nginx", "values_schema_json": {"properties": []}}, ["/values_schema_json"]),
        ({"docker_image_url": "nginx", "values_schema_json": {"properties": {"user": {"$ref": "#/nowhere"}}}}, ["/values_schema_json"]),
        ({"docker_image_url": "nginx", "capabilities_json": {"unknown": 1}}, ["/capabilities_json"]),
        ({"docker_image_url": "nginx", "capabilities_json": {"port": 99999}}, ["/capabilities_json/port"]),
        (
            {
                "docker_image_url": "nginx",
                "values_schema_json": {"properties": {"user": {"properties": {"n": {"type": "integer"}}}}},
                "default_values_json": {"user": {"n": "three"}},
            },
            ["/default_values_json/user/n"],
        ),
        ({"package_type": "x", "health_timeout_sec": -1}, ["/chart_ref", "/package_type", "/health_timeout_sec"]),
    ],
)  # fmt: skip
async def test_a_version_that_could_never_deploy_is_refused_with_all_its_faults(
    api: httpx.AsyncClient, world: World, fields: dict[str, Any], where: list[str]
):
    assert pointers(await register(api, world, **fields)) == where
    listed = await api.get(f"/products/{world.mine.product}/templates", headers=world.as_user)
    assert len(listed.json()["items"]) == 1


async def test_a_missing_digest_needs_an_executor(api: httpx.AsyncClient, world: World):
    answer = await register(api, world, **CHART)
    refused(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_missing_digest_is_asked_for_and_kept(deps: Deps, world: World, broker: JetStreamBroker):
    asked: list[ResolveChart] = []

    async def executor(_: str, request: bytes) -> bytes:
        asked.append(msgspec.json.decode(request, type=ResolveChart))
        return encode(ResolvedChart(digest=DIGEST))

    async with (
        client_of(create_app(msgspec.structs.replace(deps, broker=broker))) as api,
        broker.respond(subjects.query("local", "resolve"), executor, group="executors"),
    ):
        made = await register(api, world, **CHART)
        key = {**world.as_admin, "Idempotency-Key": "once"}
        first = await api.post(f"/products/{world.mine.product}/templates", json=CHART, headers=key)
    async with client_of(create_app(deps)) as api:  # where nobody can be asked any more
        again = await api.post(f"/products/{world.mine.product}/templates", json=CHART, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert (made.status_code, made.json()["chart_digest"]) == (201, DIGEST)
    assert [(each.chart.ref, each.chart.version, each.chart.plain_http) for each in asked] == [
        (CHART["chart_ref"], CHART["chart_version"], True)
    ] * 2


PATHS = {"user_values_paths": ["/image/tag"], "port": 8080}


async def test_a_foreign_chart_takes_values_only_at_the_paths_it_names(api: httpx.AsyncClient, world: World):
    schema = {"properties": {"image": {"properties": {"tag": {"type": "string"}}}}}
    made = await register(api, world, docker_image_url="nginx", values_schema_json=schema, capabilities_json=PATHS)
    body = {"template_id": made.json()["id"], "domain_name": "foreign.example.org"}

    async def deploy(values: Any) -> httpx.Response:
        return await api.post("/deployments", json={**body, "user_values": values}, headers=world.as_user)

    outside = await deploy({"image": {"tag": "1", "repository": "evil"}, "slipway": {"domain": "x"}})
    assert pointers(outside) == ["/user_values/image/repository", "/user_values/slipway/domain"]
    assert pointers(await deploy({"image": {"tag": 7}})) == ["/user_values/image/tag"]
    assert (await deploy({"image": {"tag": "7"}})).status_code == 202


async def test_names_and_addresses_are_taken_once_whatever_their_case(api: httpx.AsyncClient, world: World):
    refused(await api.post("/users", json={"email": "USER@example.org"}, headers=world.as_admin), 409, "email_taken")
    name = "Product of user@example.org"
    refused(await api.post("/products", json={"name": name}, headers=world.as_admin), 409, "name_taken")
    other = await api.patch(f"/products/{world.other.product}", json={"name": name}, headers=world.as_admin)
    refused(other, 409, "name_taken")


async def test_every_wrong_field_of_a_user_is_named(api: httpx.AsyncClient, world: World):
    body = {"email": "nobody", "password": "short", "display_name": ""}
    named = pointers(await api.post("/users", json=body, headers=world.as_admin))
    assert sorted(named) == ["/display_name", "/email", "/password"]
    named = pointers(await api.post("/users", json={"is_admin": "yes", "x": 1}, headers=world.as_admin))
    assert sorted(named) == ["/email", "/is_admin", "/x"]


@pytest.mark.parametrize("kind", ["users", "products"])
async def test_live_deployments_hold_their_user_and_product_unless_cascaded(
    api: httpx.AsyncClient, world: World, kind: str
):
    path = f"/{kind}/{world.mine.user if kind == 'users' else world.mine.product}"
    refused(await api.delete(path, headers=world.as_admin), 409, "in_use")
    assert (await api.delete(f"{path}?cascade=true", headers=world.as_admin)).status_code == 204
    refused(await api.get(path, headers=world.as_admin), 404, "not_found")
    deployment = await api.get(f"/deployments/{world.deployment}", headers=world.as_admin)
    assert deployment.json()["status"] == "deleting"


@pytest.mark.parametrize("kind", ["users", "products"])
async def test_a_stale_version_is_refused(api: httpx.AsyncClient, world: World, kind: str):
    path = f"/{kind}/{world.mine.user if kind == 'users' else world.mine.product}"
    body = {"display_name": "New"} if kind == "users" else {"description": "New"}
    etag = (await api.get(path, headers=world.as_admin)).headers["etag"]
    first = await api.patch(path, json=body, headers={**world.as_admin, "If-Match": etag})
    assert first.status_code == 200, first.text
    assert first.headers["etag"] == f'"{first.json()["updated_at"]}"' != etag
    body = dict.fromkeys(body, "Other")
    refused(await api.patch(path, json=body, headers={**world.as_admin, "If-Match": etag}), 412, "stale")
    assert (await api.patch(path, json=body, headers={**world.as_admin, "If-Match": first.headers["etag"]})).is_success


async def test_a_changed_password_is_the_only_one(api: httpx.AsyncClient, world: World):
    path = f"/users/{world.mine.user}"
    changed = await api.patch(path, json={"password": "a brand new password"}, headers=world.as_admin)
    assert changed.status_code == 200
    body = {"email": "user@example.org", "password": "a brand new password"}
    assert (await api.post("/auth/login", json=body)).status_code == 200


async def test_admins_end_and_requeue_jobs(api: httpx.AsyncClient, world: World):
    job = (await api.get(f"/deployments/{world.deployment}/jobs", headers=world.as_user)).json()["items"][0]["id"]
    refused(await api.post(f"/jobs/{job}/requeue", headers=world.as_admin), 409, "conflict")
    failed = await api.post(f"/jobs/{job}/fail", json={}, headers=world.as_admin)
    assert (failed.status_code, failed.json()["status"]) == (200, "failed")
    read = (await api.get(f"/deployments/{world.deployment}", headers=world.as_user)).json()
    assert (read["status"], read["last_error"]) == ("error", "an admin ended the job")
    listed = (await api.get("/jobs?status=failed", headers=world.as_admin)).json()["items"]
    assert [each["id"] for each in listed] == [job]
    again = await api.post(f"/jobs/{job}/requeue", headers=world.as_admin)
    assert (again.status_code, again.json()["status"]) == (200, "queued")
    read = (await api.get(f"/deployments/{world.deployment}", headers=world.as_user)).json()
    assert (read["status"], read["last_error"]) == ("provisioning", None)


async def test_a_requeued_job_cannot_bring_back_what_is_deleted(api: httpx.AsyncClient, world: World):
    job = (await api.get(f"/deployments/{world.deployment}/jobs", headers=world.as_user)).json()["items"][0]["id"]
    assert (await api.post(f"/jobs/{job}/fail", headers=world.as_admin)).status_code == 200
    assert (await api.delete(f"/deployments/{world.deployment}", headers=world.as_user)).status_code == 202
    refused(await api.post(f"/jobs/{job}/requeue", headers=world.as_admin), 409, "deleting")


async def test_only_a_version_that_is_newer_is_shown_as_newer(api: httpx.AsyncClient, world: World):
    ids = {
        label: (await register(api, world, docker_image_url="nginx:1", version_label=label)).json()["id"]
        for label in ("1.10", "1.9", "1.2")
    }
    product = f"/products/{world.mine.product}"
    for running, current, shown in (("1.9", "1.10", "1.10"), ("1.9", "1.2", None), ("1.9", "1.9", None)):
        await api.patch(product, json={"template_id": ids[current]}, headers=world.as_admin)
        body = {"template_id": ids[running]}
        path = f"/deployments/{world.deployment}"
        assert (await api.post(f"{path}/upgrade", json=body, headers=world.as_admin)).status_code == 202
        listed = (await api.get("/deployments", headers=world.as_user)).json()["items"]
        for found in ((await api.get(path, headers=world.as_user)).json(), listed[0]):
            assert found["newer_template_id"] == (ids[shown] if shown else None), (running, current)
    await api.patch(product, json={"template_id": None}, headers=world.as_admin)
    assert (await api.get(path, headers=world.as_user)).json()["newer_template_id"] is None
