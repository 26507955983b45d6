"""Accepting what users want: the row, the job and the event are there when the answer is."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from slipway.database.engine import Database
from slipway.database.queries.rows import TemplateRow
from slipway_api.schemas import deployments as schemas
from tests.api.conftest import World, pointers, refused

SCHEMA = {
    "type": "object",
    "properties": {
        "user": {
            "type": "object",
            "properties": {"replicas": {"type": "integer", "minimum": 1}, "debug": {}},
            "additionalProperties": False,
        }
    },
}


async def rows(database: Database, statement: str, **values: Any) -> list[dict[str, Any]]:
    async with database.reading() as session:
        return [dict(row) for row in (await session.execute(text(statement), values)).mappings()]


async def with_values(api: httpx.AsyncClient, world: World) -> str:
    """Register a version that takes values; return its id."""
    body = {"docker_image_url": "nginx:2", "values_schema_json": SCHEMA}
    made = await api.post(f"/products/{world.mine.product}/templates", json=body, headers=world.as_admin)
    assert made.status_code == 201, made.text
    return made.json()["id"]


async def create(api: httpx.AsyncClient, world: World, **fields: Any) -> httpx.Response:
    body = {"template_id": str(world.mine.template), "domain_name": "new.example.org", **fields}
    return await api.post("/deployments", json=body, headers=world.as_user)


async def test_a_page_encodes_a_template_once_however_many_have_it(
    api: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
):
    plain, other, encoded = str(world.mine.template), await with_values(api, world), list[str]()
    for number, template in enumerate([plain, other, plain, other, plain]):
        assert (await create(api, world, template_id=template, domain_name=f"{number}.example.org")).status_code == 202

    def counting(template: TemplateRow) -> schemas.Encoded:
        encoded.append(str(template.id))
        return once(template)

    once = schemas.encoded
    monkeypatch.setattr(schemas, "encoded", counting)
    items = (await api.get("/deployments", headers=world.as_user)).json()["items"]
    assert {item["template"]["id"] == item["template_id"] for item in items} == {True}
    assert len(items) == 6
    assert sorted(encoded) == sorted([plain, other])


async def test_a_new_deployment_has_a_row_a_job_and_an_event(api: httpx.AsyncClient, world: World, database: Database):
    made = await create(api, world)
    assert made.status_code == 202, made.text
    read = made.json()
    assert made.headers["location"] == f"/api/v1/deployments/{read['id']}"
    assert made.headers["etag"] == '"1"'
    assert (read["status"], read["generation"], read["url"]) == ("provisioning", 1, "http://new.example.org")
    assert read["deployment_uid"] == read["namespace_name"] == read["release_name"]
    assert read["template"]["product"]["id"] == str(world.mine.product)
    jobs = await rows(
        database,
        "SELECT reason, status, generation FROM deployment_reconcile_job WHERE deployment_id = :d",
        d=read["id"],
    )
    assert jobs == [{"reason": "create", "status": "queued", "generation": 1}]
    events = await rows(
        database,
        "SELECT type, actor_json ->> 'id' AS actor, deployment_seq FROM outbox_event WHERE deployment_id = :d",
        d=read["id"],
    )
    created = {"type": "dev.slipway.deployment.created.v1", "actor": str(world.mine.user), "deployment_seq": 1}
    assert events == [created]


async def test_a_product_stands_for_its_current_version_and_old_spellings_are_known(
    api: httpx.AsyncClient, world: World
):
    body = {"product_id": str(world.mine.product), "domainname": "Old.Example.org.", "user_values_json": None}
    made = await api.post("/deployments", json=body, headers=world.as_user)
    assert made.status_code == 202, made.text
    assert made.json()["template_id"] == str(world.mine.template)
    assert made.json()["domain_name"] == "old.example.org"


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"domain_name": "not a name"}, ["/domain_name"]),
        ({"domain_name": "a.reserved.example.org"}, ["/domain_name"]),
        ({"domain_name": "a.b.apps.example.org"}, ["/domain_name"]),
        ({"domain_name": "*.apps.example.org"}, ["/domain_name"]),
        ({"domainname": "b.example.org"}, ["/domainname"]),
        ({"user_values": {"replicas": 1}}, ["/user_values/replicas"]),
        ({"user_values": {}, "user_values_json": {}}, ["/user_values_json"]),
        ({"user_values": [1]}, ["/user_values"]),
        ({"cluster": "elsewhere"}, ["/cluster"]),
        ({"expires_at": "2001-01-01T00:00:00Z"}, ["/expires_at"]),
        ({"expires_at": "2999-01-01T00:00:00"}, ["/expires_at"]),
        ({"template_id": "00000000-0000-0000-0000-000000000000"}, ["/template_id"]),
        ({"template_id": "nonsense", "domain_name": 5}, ["/template_id", "/domain_name"]),
        ({"user_id": "00000000-0000-0000-0000-000000000000"}, ["/user_id"]),
        ({"status": "ready", "generation": 7}, ["/status", "/generation"]),
        ({"domain_name": "-", "cluster": "elsewhere"}, ["/domain_name", "/cluster"]),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_written(
    api: httpx.AsyncClient, world: World, database: Database, fields: dict[str, Any], where: list[str]
):
    counts = "SELECT (SELECT count(*) FROM deployment) AS d, (SELECT count(*) FROM outbox_event) AS e"
    before = await rows(database, counts)
    assert sorted(pointers(await create(api, world, **fields))) == sorted(where)
    assert await rows(database, counts) == before


async def test_a_domain_belongs_to_one_live_deployment(api: httpx.AsyncClient, world: World):
    refused(await create(api, world, domain_name="PRODUCT-user-000001.example.org"), 409, "domain_taken")
    body = {"domain_name": "product-user-000002.example.org"}
    taken = await api.patch(f"/deployments/{world.deployment}", json=body, headers=world.as_user)
    refused(taken, 409, "domain_taken")


async def test_a_change_raises_the_generation_and_joins_the_waiting_job(
    api: httpx.AsyncClient, world: World, database: Database
):
    template = await with_values(api, world)
    made = (await create(api, world, template_id=template, user_values={"replicas": 1})).json()
    body = {"user_values": {"replicas": 2}, "domain_name": "moved.example.org"}
    changed = await api.patch(f"/deployments/{made['id']}", json=body, headers=world.as_user)
    assert (changed.status_code, changed.json()["generation"]) == (202, 2)
    jobs = await rows(
        database, "SELECT reason, generation FROM deployment_reconcile_job WHERE deployment_id = :d", d=made["id"]
    )
    assert len(jobs) == 1
    assert jobs[0]["generation"] == 2
    told = await rows(
        database,
        "SELECT data_json -> 'fields' AS fields FROM outbox_event"
        " WHERE deployment_id = :d ORDER BY deployment_seq DESC LIMIT 1",
        d=made["id"],
    )
    assert told == [{"fields": ["domain_name", "user_values_json"]}]


async def test_equal_values_in_any_order_change_nothing_but_other_types_do(api: httpx.AsyncClient, world: World):
    """Row H14."""
    template = await with_values(api, world)
    made = (await create(api, world, template_id=template, user_values={"replicas": 1, "debug": 1})).json()
    path = f"/deployments/{made['id']}"
    same = await api.patch(path, json={"user_values": {"debug": 1, "replicas": 1}}, headers=world.as_user)
    assert (same.status_code, same.json()["generation"]) == (200, 1)
    other = await api.patch(path, json={"user_values": {"debug": True, "replicas": 1}}, headers=world.as_user)
    assert (other.status_code, other.json()["generation"]) == (202, 2)
    assert (await api.patch(path, json={}, headers=world.as_user)).status_code == 200
    bad = await api.patch(path, json={"user_values": {"replicas": 0, "a/b": 1}}, headers=world.as_user)
    assert "/user_values/replicas" in pointers(bad)
    nulled = await api.patch(path, json={"user_values": {"debug": None}}, headers=world.as_user)
    assert pointers(nulled) == ["/user_values/debug"]
    cleared = await api.patch(path, json={"user_values": None}, headers=world.as_user)
    assert (cleared.status_code, cleared.json()["user_values"]) == (202, None)


async def test_an_expiry_is_kept_without_a_job(api: httpx.AsyncClient, world: World):
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    path = f"/deployments/{world.deployment}"
    changed = await api.patch(path, json={"expires_at": later}, headers=world.as_user)
    assert (changed.status_code, changed.json()["generation"]) == (202, 1)
    assert datetime.fromisoformat(changed.json()["expires_at"]) == datetime.fromisoformat(later)


async def test_a_stale_version_is_refused(api: httpx.AsyncClient, world: World):
    path = f"/deployments/{world.deployment}"
    etag = (await api.get(path, headers=world.as_user)).headers["etag"]
    first = await api.patch(path, json={"domain_name": "x.example.org"}, headers={**world.as_user, "If-Match": etag})
    assert first.status_code == 202
    second = await api.patch(path, json={"domain_name": "y.example.org"}, headers={**world.as_user, "If-Match": etag})
    refused(second, 412, "stale")


async def test_a_delete_takes_the_waiting_job_and_ends_changes(
    api: httpx.AsyncClient, world: World, database: Database
):
    path = f"/deployments/{world.deployment}"
    deleted = await api.delete(path, headers=world.as_user)
    assert (deleted.status_code, deleted.json()["status"]) == (202, "deleting")
    again = await api.delete(path, headers=world.as_user)
    assert (again.status_code, again.json()["generation"]) == (202, deleted.json()["generation"])
    jobs = await rows(
        database,
        "SELECT reason, status FROM deployment_reconcile_job WHERE deployment_id = :d",
        d=str(world.deployment),
    )
    assert jobs == [{"reason": "delete", "status": "queued"}]
    refused(await api.patch(path, json={"domain_name": "z.example.org"}, headers=world.as_user), 409, "deleting")
    refused(await api.post(f"{path}/reconcile", headers=world.as_user), 409, "deleting")


async def test_a_change_while_a_job_runs_is_accepted(api: httpx.AsyncClient, world: World, database: Database):
    async with database.writing() as session:
        await session.execute(
            text("UPDATE deployment_reconcile_job SET status = 'leased', fence = 1, locked_at = now()")
        )
    body = {"domain_name": "overtaking.example.org"}
    changed = await api.patch(f"/deployments/{world.deployment}", json=body, headers=world.as_user)
    assert changed.status_code == 202
    jobs = await api.get(f"/deployments/{world.deployment}/jobs", headers=world.as_user)
    assert [(job["status"], job["reason"]) for job in jobs.json()["items"]] == [
        ("queued", "update"),
        ("leased", "create"),
    ]


async def test_reconcile_clears_what_was_held_back(api: httpx.AsyncClient, world: World, database: Database):
    async with database.writing() as session:
        await session.execute(text("UPDATE deployment SET hold_generation = 1, status = 'error'"))
    done = await api.post(f"/deployments/{world.deployment}/reconcile", json={}, headers=world.as_user)
    assert (done.status_code, done.json()["generation"]) == (202, 1)
    held = await rows(database, "SELECT hold_generation FROM deployment WHERE id = :d", d=str(world.deployment))
    assert held == [{"hold_generation": None}]


@pytest.mark.parametrize(("status", "reason"), [("error", "retry"), ("ready", "manual")])
async def test_a_job_says_whether_it_is_another_try(
    api: httpx.AsyncClient, world: World, database: Database, status: str, reason: str
):
    async with database.writing() as session:
        await session.execute(text("UPDATE deployment_reconcile_job SET status = 'failed'"))
        await session.execute(text("UPDATE deployment SET status = :status"), {"status": status})
    await api.post(f"/deployments/{world.deployment}/reconcile", headers=world.as_user)
    [job] = await rows(database, "SELECT reason, priority FROM deployment_reconcile_job WHERE status = 'queued'")
    assert job == {"reason": reason, "priority": 0}, "a person waits for it"


async def test_admins_upgrade_within_the_product(api: httpx.AsyncClient, world: World):
    newer = await with_values(api, world)
    path = f"/deployments/{world.deployment}/upgrade"
    refused(await api.post(path, json={"template_id": newer}, headers=world.as_user), 403, "forbidden")
    across = await api.post(path, json={"template_id": str(world.other.template)}, headers=world.as_admin)
    assert pointers(across) == ["/template_id"]
    done = await api.post(path, json={"template_id": newer}, headers=world.as_admin)
    assert (done.status_code, done.json()["template_id"], done.json()["generation"]) == (202, newer, 2)


async def test_a_quota_bounds_live_deployments_and_refusals_are_recorded(
    api: httpx.AsyncClient, world: World, database: Database
):
    async with database.writing() as session:
        await session.execute(
            text("INSERT INTO user_quota (user_id, deployments) VALUES (:u, 2)"), {"u": world.mine.user}
        )
    assert (await create(api, world)).status_code == 202
    refused(await create(api, world, domain_name="third.example.org"), 422, "quota_exceeded")
    told = await rows(
        database, "SELECT data_json ->> 'code' AS code, owner_id FROM outbox_event WHERE type LIKE '%refused%'"
    )
    assert told == [{"code": "quota_exceeded", "owner_id": world.mine.user}]


async def test_a_quota_holds_when_many_ask_at_once(api: httpx.AsyncClient, world: World, database: Database):
    async with database.writing() as session:
        await session.execute(
            text("INSERT INTO user_quota (user_id, deployments) VALUES (:u, 3)"), {"u": world.mine.user}
        )
    answers = await asyncio.gather(*(create(api, world, domain_name=f"many{n}.example.org") for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [202, 202, 422, 422, 422, 422]


async def test_one_idempotency_key_at_once_makes_one_deployment(api: httpx.AsyncClient, world: World):
    body = {"template_id": str(world.mine.template), "domain_name": "together.example.org"}
    headers = {**world.as_user, "Idempotency-Key": "together"}
    answers = await asyncio.gather(*(api.post("/deployments", json=body, headers=headers) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_changes_at_once_are_all_counted(api: httpx.AsyncClient, world: World):
    path = f"/deployments/{world.deployment}"
    bodies = [{"domain_name": f"race{n}.example.org"} for n in range(5)]
    answers = await asyncio.gather(*(api.patch(path, json=body, headers=world.as_user) for body in bodies))
    assert sorted(answer.json()["generation"] for answer in answers) == [2, 3, 4, 5, 6]


async def test_an_idempotency_key_gives_the_first_answer_again(
    api: httpx.AsyncClient, world: World, database: Database
):
    headers = {**world.as_user, "Idempotency-Key": "once"}
    body = {"template_id": str(world.mine.template), "domain_name": "once.example.org"}
    first = await api.post("/deployments", json=body, headers=headers)
    second = await api.post("/deployments", json=dict(reversed(body.items())), headers=headers)
    assert (second.status_code, second.json()) == (202, first.json())
    assert second.headers["location"] == first.headers["location"]
    other = await api.post("/deployments", json={**body, "domain_name": "twice.example.org"}, headers=headers)
    refused(other, 409, "idempotency_mismatch")
    mine = {**world.as_other, "Idempotency-Key": "once"}
    refused(await api.post("/deployments", json=body, headers=mine), 409, "domain_taken")
    async with database.writing() as session:
        await session.execute(text("UPDATE idempotency_record SET created_at = now() - interval '25 hours'"))
    refused(await api.post("/deployments", json=body, headers=headers), 409, "domain_taken")


async def test_a_deleted_deployment_answers_its_owner_and_leaves_the_list(
    api: httpx.AsyncClient, world: World, database: Database
):
    async with database.writing() as session:
        await session.execute(
            text("UPDATE deployment SET status = 'deleted', deleted_at = now() WHERE id = :d"), {"d": world.deployment}
        )
    assert (await api.get(f"/deployments/{world.deployment}", headers=world.as_user)).json()["status"] == "deleted"
    assert (await api.get("/deployments", headers=world.as_user)).json()["items"] == []
    assert len((await api.get("/deployments?deleted=true", headers=world.as_user)).json()["items"]) == 1


async def test_pages_hold_every_row_once(api: httpx.AsyncClient, world: World):
    for number in range(4):
        assert (await create(api, world, domain_name=f"page{number}.example.org")).status_code == 202
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await api.get(f"/deployments?limit=2{cursor}", headers=world.as_user)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 5


async def test_an_admin_lists_their_own_or_another_users(api: httpx.AsyncClient, world: World):
    assert (await api.get("/deployments", headers=world.as_admin)).json()["items"] == []
    of_user = await api.get(f"/deployments?user_id={world.mine.user}", headers=world.as_admin)
    assert [item["id"] for item in of_user.json()["items"]] == [str(world.deployment)]
    refused(await api.get(f"/deployments?user_id={world.other.user}", headers=world.as_user), 403, "forbidden")


async def test_an_admin_gives_a_deployment_to_another_user(api: httpx.AsyncClient, world: World):
    path, body = f"/deployments/{world.deployment}", {"user_id": str(world.other.user)}
    refused(await api.patch(path, json=body, headers=world.as_user), 403, "forbidden")
    assert (await api.patch(path, json=body, headers=world.as_admin)).status_code == 202
    refused(await api.get(path, headers=world.as_user), 404, "not_found")
    assert (await api.get(path, headers=world.as_other)).status_code == 200
