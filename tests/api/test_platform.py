"""Clusters, registries, quotas, rollouts, rollback, adoption and the audit trail."""

import base64
from typing import Any

import httpx
import pytest
from nacl.public import PrivateKey, SealedBox
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from slipway.database.engine import Database
from slipway.database.queries import registries
from tests.api.conftest import World, pointers, refused
from tests.api.test_deployments import create, rows, with_values
from tests.api.test_product_races import held_up

KEY = PrivateKey(bytes(range(32)))


async def do(database: Database, statement: str, **values: Any) -> None:
    async with database.writing() as session:
        await session.execute(text(statement), values)


async def test_clusters_are_registered_and_show_their_executors(
    api: httpx.AsyncClient, world: World, database: Database
):
    made = await api.post("/clusters", json={"name": "second"}, headers=world.as_admin)
    assert (made.status_code, made.json()["healthy"], made.json()["has_key"]) == (201, False, False)
    refused(await api.post("/clusters", json={"name": "second"}, headers=world.as_admin), 409, "name_taken")
    assert pointers(await api.post("/clusters", json={"name": "No.No"}, headers=world.as_admin)) == ["/name"]
    await do(
        database,
        "INSERT INTO executor (instance, cluster, slots, free, version) VALUES ('e1', 'second', 4, 3, '1.0'),"
        " ('e2', 'second', 4, 4, '1.0')",
    )
    [_, second] = (await api.get("/clusters", headers=world.as_admin)).json()["items"]
    assert (second["healthy"], second["slots"], second["free"], len(second["executors"])) == (True, 8, 7, 2)


async def test_a_lost_cluster_is_given_up_with_what_was_on_it(api: httpx.AsyncClient, world: World, database: Database):
    """Row H12."""
    await do(
        database, "INSERT INTO executor (instance, cluster, slots, free, version) VALUES ('e', 'local', 4, 3, '1')"
    )
    refused(await api.post("/clusters/local/forget", headers=world.as_admin), 409, "in_use")
    gone = await api.post("/clusters/local/forget", json={"force": True}, headers=world.as_admin)
    assert gone.status_code == 202, gone.text
    found = (await api.get(f"/deployments/{world.deployment}", headers=world.as_user)).json()
    assert (found["status"], found["last_error"]) == ("deleted", "its cluster was given up")
    assert await rows(database, "SELECT DISTINCT status FROM deployment_reconcile_job") == [{"status": "cancelled"}]
    told = await rows(database, "SELECT type FROM outbox_event WHERE type LIKE '%given_up%' OR type LIKE '%forgotten%'")
    assert len(told) == 3, "one for each deployment, one for the cluster"
    refused(await api.post("/clusters/local/forget", headers=world.as_admin), 404, "not_found")
    assert pointers(await create(api, world)) == ["/cluster"]


async def test_credentials_of_a_registry_are_sealed_and_never_shown(
    api: httpx.AsyncClient, world: World, database: Database
):
    body = {"host": "charts.example.org", "username": "robot", "password": "p4ssw0rd!"}
    refused(await api.post("/registries", json=body, headers=world.as_admin), 503, "unavailable")
    await do(database, "UPDATE cluster SET public_key = :key", key=base64.b64encode(bytes(KEY.public_key)).decode())
    made = await api.post("/registries", json=body, headers=world.as_admin)
    assert (made.status_code, made.json()["clusters"]) == (201, ["local"])
    again = await api.post(
        "/registries", json={**body, "username": "other", "image_pull": False}, headers=world.as_admin
    )
    assert again.json()["id"] == made.json()["id"]
    assert [each.json()["image_pull"] for each in (made, again)] == [True, False]
    listed = await api.get("/registries", headers=world.as_admin)
    assert ("p4ssw0rd" not in listed.text, listed.json()["items"][0]["username"]) == (True, "other")
    [stored] = await rows(database, "SELECT ciphertext FROM registry_credential")
    opened = SealedBox(KEY).decrypt(base64.b64decode(stored["ciphertext"]))
    assert opened == b'{"username":"other","password":"p4ssw0rd!"}'
    assert pointers(
        await api.post("/registries", json={**body, "host": "evil.example", "password": ""}, headers=world.as_admin)
    ) == ["/host", "/password"]
    path = f"/registries/{made.json()['id']}"
    assert (await api.delete(path, headers=world.as_admin)).status_code == 204
    refused(await api.delete(path, headers=world.as_admin), 404, "not_found")
    assert await rows(database, "SELECT 1 FROM registry_credential") == []


async def test_a_quota_counts_what_objects_ask_for(api: httpx.AsyncClient, world: World, database: Database):
    path = f"/users/{world.mine.user}/quota"
    await do(
        database,
        """UPDATE deployment SET usage_json = '{"cpu_milli": 300, "memory_mib": 64, "storage_gib": 0}' WHERE id = :d""",
        d=world.deployment,
    )
    found = (await api.get(path, headers=world.as_admin)).json()
    assert (found["deployments"], found["used"]["cpu_milli"], found["quota"]["cpu_milli"]) == (1, 300, 8000)
    changed = await api.put(path, json={"cpu_milli": 300}, headers=world.as_admin)
    assert (changed.json()["own"]["cpu_milli"], changed.json()["quota"]["memory_mib"]) == (300, 16384)
    assert "CPU" in refused(await create(api, world), 422, "quota_exceeded")["detail"]
    await api.put(path, json={"deployments": 1}, headers=world.as_admin)
    assert "1 deployments" in refused(await create(api, world), 422, "quota_exceeded")["detail"]
    await api.put(path, json={}, headers=world.as_admin)
    assert (await create(api, world)).status_code == 202
    assert pointers(await api.put(path, json={"cpu_milli": -1}, headers=world.as_admin)) == ["/cpu_milli"]


async def test_a_gift_counts_against_its_new_owner(api: httpx.AsyncClient, world: World):
    await api.put(f"/users/{world.other.user}/quota", json={"deployments": 1}, headers=world.as_admin)
    body = {"user_id": str(world.other.user)}
    given = await api.patch(f"/deployments/{world.deployment}", json=body, headers=world.as_admin)
    refused(given, 422, "quota_exceeded")


async def test_a_rollout_takes_those_that_want_another_version(api: httpx.AsyncClient, world: World):
    path = f"/products/{world.mine.product}/rollouts"
    newer = await with_values(api, world)
    begun = await api.post(path, json={"template_id": newer}, headers=world.as_admin)
    assert (begun.status_code, begun.json()["progress"]["waiting"]) == (201, 1)
    refused(await api.post(path, json={"template_id": newer}, headers=world.as_admin), 409, "conflict")
    assert pointers(await api.post(path, json={"batch_size": 0}, headers=world.as_admin)) == ["/batch_size"]
    stopped = await api.post(f"/rollouts/{begun.json()['id']}/stop", headers=world.as_admin)
    assert (stopped.json()["status"], stopped.json()["items"][0]["status"]) == ("stopped", "waiting")
    listed = (await api.get(path, headers=world.as_admin)).json()["items"]
    assert [each["status"] for each in listed] == ["stopped"]
    theirs = {"template_id": str(world.other.template)}
    assert pointers(await api.post(path, json=theirs, headers=world.as_admin)) == ["/template_id"]


async def test_a_rollback_wants_what_a_ready_revision_was_made_from(
    api: httpx.AsyncClient, world: World, database: Database
):
    template = await with_values(api, world)
    for revision, succeeded in ((1, True), (2, False)):
        await do(
            database,
            """INSERT INTO deployment_revision
                (deployment_id, revision, generation, template_id, user_values_json, digest, succeeded, job_id)
            VALUES (:d, :r, 1, :t, '{"replicas": 3}', 'x', :s, gen_random_uuid())""",
            d=world.deployment, r=revision, t=template, s=succeeded,
        )  # fmt: skip
    path = f"/deployments/{world.deployment}/rollback"
    assert pointers(await api.post(path, json={"revision": 2}, headers=world.as_user)) == ["/revision"]
    back = await api.post(path, json={"revision": 1}, headers=world.as_user)
    assert (back.status_code, back.json()["desired_template_id"], back.json()["user_values"]) == (
        202, template, {"replicas": 3},
    )  # fmt: skip
    [job] = await rows(
        database, "SELECT reason, asked_json FROM deployment_reconcile_job WHERE deployment_id = :d", d=world.deployment
    )
    assert job["reason"] == "create", "a first install stays one, whatever it is made from"
    assert {each["field"] for each in job["asked_json"]["changes"]} == {
        "/desired_template_id", "/user_values/replicas",
    }  # fmt: skip
    same = await api.post(path, json={"revision": 1}, headers=world.as_user)
    assert same.json()["generation"] == 2, "it is wanted already"


async def test_adopting_names_the_place_of_a_release(api: httpx.AsyncClient, world: World, database: Database):
    body = {
        "template_id": str(world.mine.template), "domain_name": "adopted.example.org", "namespace_name": "legacy",
        "release_name": "old", "user_id": str(world.other.user),
    }  # fmt: skip
    made = await api.post("/deployments/adopt", json=body, headers=world.as_admin)
    assert made.status_code == 202, made.text
    assert (made.json()["namespace_name"], made.json()["user_id"]) == ("legacy", str(world.other.user))
    [job] = await rows(
        database, "SELECT options FROM deployment_reconcile_job WHERE deployment_id = :d", d=made.json()["id"]
    )
    assert job["options"] == ["adopt"]
    other = {**body, "domain_name": "b.example.org"}
    refused(await api.post("/deployments/adopt", json=other, headers=world.as_admin), 409, "conflict")
    wrong = {**other, "namespace_name": "kube-system", "release_name": "No"}
    assert pointers(await api.post("/deployments/adopt", json=wrong, headers=world.as_admin)) == [
        "/release_name", "/namespace_name",
    ]  # fmt: skip


async def test_the_audit_trail_says_who_did_what_from_where(api: httpx.AsyncClient, world: World):
    await api.patch(f"/deployments/{world.deployment}", json={"domain_name": "a.example.org"}, headers=world.as_user)
    await api.post("/products", json={"name": "x"}, headers=world.as_user)
    found = (await api.get("/audit", headers=world.as_admin)).json()["items"]
    assert [(each["action"].split(".", 2)[2], each["result"]) for each in found] == [
        ("request.refused.v1", "refused"), ("deployment.changed.v1", "accepted"),
    ]  # fmt: skip
    assert (found[1]["actor"]["email"], found[1]["actor"]["address"]) == ("user@example.org", "127.0.0.1")
    assert found[1]["changes"][0]["after"] == "a.example.org"
    for query, count in (
        (f"actor={world.mine.user}", 2), ("action=dev.slipway.request.refused.v1", 1),
        (f"actor={world.admin}", 0), ("result=refused", 1), ("limit=1", 1),
        (f"deployment_id={world.deployment}", 1), ("since=2000-01-01T00:00:00Z", 2), ("until=2000-01-01T00:00:00Z", 0),
    ):  # fmt: skip
        assert len((await api.get(f"/audit?{query}", headers=world.as_admin)).json()["items"]) == count, query
    first = (await api.get("/audit?limit=1", headers=world.as_admin)).json()
    rest = (await api.get(f"/audit?limit=1&cursor={first['next_cursor']}", headers=world.as_admin)).json()
    assert [first["items"][0]["id"], rest["items"][0]["id"]] == [each["id"] for each in found]
    own = (await api.get(f"/deployments/{world.deployment}/events", headers=world.as_user)).json()["items"]
    assert all("address" not in each["data"]["actor"] for each in own)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("", "deployment"), ("/jobs", "jobs"), ("/revisions", "revisions"), ("/events", "events"),
    ],
)  # fmt: skip
async def test_an_admins_look_at_somebody_elses_is_written_down(
    api: httpx.AsyncClient, world: World, path: str, what: str
):
    for reader in (world.as_user, world.as_admin):
        assert (await api.get(f"/deployments/{world.deployment}{path}", headers=reader)).status_code == 200
    [found] = (await api.get("/audit", headers=world.as_admin)).json()["items"]
    assert (found["action"], found["actor"]["id"], found["object"]) == (
        "dev.slipway.object.read.v1", str(world.admin), f"deployments/{world.deployment}",
    )  # fmt: skip
    told = (await api.get(f"/deployments/{world.deployment}/events", headers=world.as_user)).json()["items"]
    assert [each["data"]["what"] for each in told] == [what]


async def test_an_admins_list_of_somebody_elses_is_written_down(api: httpx.AsyncClient, world: World):
    for query in ("", f"?user_id={world.admin}", f"?user_id={world.mine.user}"):
        assert (await api.get(f"/deployments{query}", headers=world.as_admin)).status_code == 200
    [found] = (await api.get("/audit", headers=world.as_admin)).json()["items"]
    assert (found["action"], found["object"]) == ("dev.slipway.object.read.v1", f"users/{world.mine.user}")


async def test_nothing_is_shown_of_somebody_elses_that_cannot_be_written_down(
    api: httpx.AsyncClient, world: World, database: Database
):
    await do(database, "ALTER TABLE outbox_event ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    assert (await api.get(f"/deployments/{world.deployment}", headers=world.as_user)).status_code == 200
    assert (await api.get(f"/deployments/{world.deployment}", headers=world.as_admin)).status_code >= 500


@pytest.mark.parametrize("statement", ["UPDATE outbox_event SET type = 'x'", "DELETE FROM outbox_event"])
async def test_nobody_rewrites_the_audit_trail(
    api: httpx.AsyncClient, world: World, database: Database, api_database: Database, statement: str
):
    await api.patch(f"/deployments/{world.deployment}", json={"domain_name": "a.example.org"}, headers=world.as_user)
    for each in (api_database, database):
        with pytest.raises(DBAPIError):
            await do(each, statement)


async def test_everything_is_compared_when_an_admin_says_so(api: httpx.AsyncClient, world: World, database: Database):
    await do(database, "UPDATE deployment SET status = 'ready', scan_after = now() + interval '1 day'")
    assert (await api.post("/admin/drift-scan", headers=world.as_admin)).json() == {"deployments": 2}
    assert await rows(database, "SELECT 1 FROM deployment WHERE scan_after > now()") == []


async def test_the_same_new_registry_may_come_twice_at_once(api: httpx.AsyncClient, world: World, database: Database):
    await do(database, "UPDATE cluster SET public_key = :key", key=base64.b64encode(bytes(KEY.public_key)).decode())
    body = {"host": "charts.example.org", "username": "u", "password": "p"}
    async with database.writing() as session:
        await registries.put(session, host=body["host"], username="first", image_pull=True, sealed={})
        second = await held_up(database, api.post("/registries", json=body, headers=world.as_admin))
    assert (await second).status_code == 201
    [only] = (await api.get("/registries", headers=world.as_admin)).json()["items"]
    assert only["username"] == "u"
