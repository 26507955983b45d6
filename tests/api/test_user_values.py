"""Secrets of a user's values: sealed, masked, told to the chart by reference."""

import base64
from typing import Any

import httpx
import msgspec
import pytest
from nacl.public import PrivateKey, SealedBox
from sqlalchemy import text

from slipway.database.engine import Database
from slipway.domain.charts import Capabilities
from slipway.domain.secret_places import secret_pointers
from slipway.domain.secrets import MASK, referring, replace, set_name
from tests.api.conftest import World, pointers, refused
from tests.api.test_deployments import rows

KEY = PrivateKey(bytes(range(32)))
SCHEMA = {
    "$defs": {"password": {"type": "string", "format": "password", "minLength": 8}},
    "properties": {
        "user": {
            "type": "object",
            "additionalProperties": False,
            "required": ["auth"],
            "properties": {
                "colour": {"type": "string"},
                "auth": {"type": "object", "properties": {"password": {"$ref": "#/$defs/password"}}},
            },
        }
    },
}
FIELDS = {"/auth/password": {"name": "/auth/existingSecret", "key": "/auth/secretKey"}}
PLAIN = "correct-horse"


@pytest.fixture
async def template(api: httpx.AsyncClient, world: World, database: Database) -> str:
    """A version with a secret, in a cluster that has told its key."""
    async with database.writing() as session:
        key = base64.b64encode(bytes(KEY.public_key)).decode()
        await session.execute(text("UPDATE cluster SET public_key = :key"), {"key": key})
    body = {"docker_image_url": "nginx:2", "values_schema_json": SCHEMA, "capabilities_json": {"secret_fields": FIELDS}}
    made = await api.post(f"/products/{world.mine.product}/templates", json=body, headers=world.as_admin)
    assert made.status_code == 201, made.text
    return made.json()["id"]


async def deploy(api: httpx.AsyncClient, world: World, template: str, password: Any = PLAIN) -> httpx.Response:
    body = {"template_id": template, "domain_name": "s.example.org", "user_values": {"auth": {"password": password}}}
    return await api.post("/deployments", json=body, headers=world.as_user)


async def test_a_secret_is_sealed_and_masked(api: httpx.AsyncClient, world: World, database: Database, template: str):
    """Row 62."""
    made = await deploy(api, world, template)
    assert made.status_code == 202, made.text
    assert made.json()["user_values"] == {"auth": {"password": MASK}}
    [stored] = await rows(database, "SELECT name, ciphertext FROM deployment_secret")
    assert stored["name"] == "/auth/password"
    assert SealedBox(KEY).decrypt(base64.b64decode(stored["ciphertext"])).decode() == PLAIN
    for table in ("deployment", "deployment_reconcile_job", "outbox_event", "idempotency_record"):
        assert PLAIN not in str(await rows(database, f"SELECT * FROM {table}"))


async def test_the_mask_means_as_it_was_and_a_new_value_is_a_change(
    api: httpx.AsyncClient, world: World, database: Database, template: str
):
    path = f"/deployments/{(await deploy(api, world, template)).json()['id']}"
    [before] = await rows(database, "SELECT ciphertext FROM deployment_secret")
    same = await api.patch(path, json={"user_values": {"auth": {"password": MASK}}}, headers=world.as_user)
    assert same.status_code == 200
    other = await api.patch(
        path, json={"user_values": {"colour": "red", "auth": {"password": MASK}}}, headers=world.as_user
    )
    assert other.json()["user_values"] == {"colour": "red", "auth": {"password": MASK}}
    assert await rows(database, "SELECT ciphertext FROM deployment_secret") == [before]
    new = await api.patch(path, json={"user_values": {"auth": {"password": "another-one"}}}, headers=world.as_user)
    assert new.json()["generation"] == 3
    assert await rows(database, "SELECT ciphertext FROM deployment_secret") != [before]
    gone = await api.patch(path, json={"user_values": {"auth": {}}}, headers=world.as_user)
    assert gone.status_code == 202
    assert await rows(database, "SELECT 1 FROM deployment_secret") == []


@pytest.mark.parametrize(
    ("password", "place"),
    [
        ("short", "/user_values/auth/password"),
        (MASK, "/user_values/auth/password"),
        (12345678, "/user_values/auth/password"),
        ({"$secretRef": {"name": "x"}}, "/user_values/auth/password"),
        ({"$secretRef": {"name": "x", "key": "y", "more": 1}}, "/user_values/auth/password"),
        ({"other": 1}, "/user_values/auth/password"),
        ("x" * 40_000, "/user_values/auth/password"),
    ],
)
async def test_a_wrong_secret_is_refused_without_repeating_it(
    api: httpx.AsyncClient, world: World, template: str, password: Any, place: str
):
    answer = await deploy(api, world, template, password)
    assert set(pointers(answer)) == {place}
    assert "short" not in answer.text
    assert "12345678" not in answer.text


async def test_a_reference_to_a_secret_that_is_there_is_kept_as_it_is(
    api: httpx.AsyncClient, world: World, database: Database, template: str
):
    reference = {"$secretRef": {"name": "mine", "key": "pass"}}
    made = await deploy(api, world, template, reference)
    assert made.json()["user_values"] == {"auth": {"password": reference}}
    assert await rows(database, "SELECT 1 FROM deployment_secret") == []


async def test_one_secret_is_set_and_removed_by_its_name(
    api: httpx.AsyncClient, world: World, database: Database, template: str
):
    path = f"/deployments/{(await deploy(api, world, template)).json()['id']}/secrets"
    changed = await api.put(f"{path}/auth/password", json={"value": "another-one"}, headers=world.as_user)
    assert changed.json()["generation"] == 2
    told = await rows(
        database, "SELECT data_json ->> 'name' AS name FROM outbox_event WHERE type LIKE '%secret_changed%'"
    )
    assert told == [{"name": "/auth/password"}]
    assert pointers(await api.put(f"{path}/auth/password", json={"value": "short"}, headers=world.as_user)) == [
        "/value"
    ]
    refused(await api.put(f"{path}/colour", json={"value": "red"}, headers=world.as_user), 404, "not_found")
    removed = await api.delete(f"{path}/auth/password", headers=world.as_user)
    assert removed.status_code == 422, "the schema requires auth, which would be gone"


async def test_a_rollback_returns_to_the_secrets_of_its_revision(
    api: httpx.AsyncClient, world: World, database: Database, template: str
):
    deployment = (await deploy(api, world, template)).json()["id"]
    [first] = await rows(database, "SELECT ciphertext FROM deployment_secret")
    revision = """
        INSERT INTO deployment_revision (deployment_id, revision, generation, template_id, user_values_json, digest,
            succeeded, job_id, secrets_json)
        SELECT d.id, 1, 1, d.desired_template_id, d.user_values_json, 'd', true, d.id,
            (SELECT jsonb_object_agg(name, ciphertext) FROM deployment_secret) FROM deployment d WHERE d.id = :d"""
    async with database.writing() as session:
        await session.execute(text(revision), {"d": deployment})
    path = f"/deployments/{deployment}"
    same = await api.post(f"{path}/rollback", json={"revision": 1}, headers=world.as_user)
    assert same.json()["generation"] == 1, "it is what is wanted already"
    await api.put(f"{path}/secrets/auth/password", json={"value": "another-one"}, headers=world.as_user)
    back = await api.post(f"{path}/rollback", json={"revision": 1}, headers=world.as_user)
    assert (back.status_code, back.json()["generation"]) == (202, 3)
    assert await rows(database, "SELECT ciphertext FROM deployment_secret") == [first]
    [told] = await rows(database, "SELECT data_json -> 'changes' AS changes FROM outbox_event ORDER BY id DESC LIMIT 1")
    assert told["changes"] == [{"field": "/user_values/auth/password", "before": MASK, "after": MASK}]


async def test_without_a_key_nothing_is_stored(api: httpx.AsyncClient, world: World, database: Database, template: str):
    async with database.writing() as session:
        await session.execute(text("UPDATE cluster SET public_key = NULL"))
    refused(await deploy(api, world, template), 503, "unavailable")
    assert await rows(database, "SELECT 1 FROM deployment WHERE domain_name = 's.example.org'") == []


async def test_a_template_says_how_its_chart_takes_each_secret(api: httpx.AsyncClient, world: World):
    path = f"/products/{world.mine.product}/templates"
    body: dict[str, Any] = {"docker_image_url": "nginx:2", "values_schema_json": SCHEMA}
    assert pointers(await api.post(path, json=body, headers=world.as_admin)) == ["/capabilities_json/secret_fields"]
    for field in ({}, {"name": "x"}, {"name": "/a", "resolve": "/b"}):
        body["capabilities_json"] = {"secret_fields": {"/auth/password": field}}
        answer = await api.post(path, json=body, headers=world.as_admin)
        assert all(place.startswith("/capabilities_json/secret_fields") for place in pointers(answer))


def test_the_chart_is_told_by_reference_and_never_the_value():
    capabilities = Capabilities(secret_fields={})
    assert secret_pointers(SCHEMA, capabilities) == {"/auth/password"}
    fields = msgspec.convert(FIELDS, dict[str, Any])
    typed = msgspec.convert({"secret_fields": fields}, Capabilities).secret_fields
    plain, layer = referring({"colour": "red", "auth": {"password": MASK}}, typed, "the-secret")
    assert plain == {"colour": "red"}
    assert layer == {"auth": {"existingSecret": "the-secret", "secretKey": "auth-password"}}
    assert set_name(["a", "b"]) == set_name(["b", "a"]) != set_name(["a"])
    assert replace({"a": {"b": 1, "c": 2}}, ("a", "b"), None) == {"a": {"c": 2}}
