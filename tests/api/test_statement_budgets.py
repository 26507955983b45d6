"""What the hot routes ask of PostgreSQL: a budget of statements for each, so that one more is a choice and no accident."""

import httpx
import pytest

from slipway.database.engine import Database
from tests.api.conftest import World
from tests.support.rows import deploy
from tests.support.statements import counted

FRAME = 3
"""Of a transaction: its begin and its scope, which go together, and its end."""
WHO = 1
"""Who it is: one question, without a transaction."""

READS = {
    "one deployment": ("/deployments/{deployment}", WHO + FRAME + 1),
    "a page of deployments": ("/deployments", WHO + FRAME + 2),
    "a page of its jobs": ("/deployments/{deployment}/jobs", WHO + FRAME + 2),
    "a page of its revisions": ("/deployments/{deployment}/revisions", WHO + FRAME + 2),
    "its events": ("/deployments/{deployment}/events", WHO + FRAME + 3),
    "its newest events": ("/deployments/{deployment}/events?newest_first=true", WHO + FRAME + 3),
    "products": ("/products", WHO + FRAME + 2),
    "who I am": ("/users/me", WHO + FRAME + 1),
}
CREATE, CHANGE = WHO + FRAME + 9, WHO + FRAME + 4
VERBS = {"suspend": CHANGE - 1, "resume": CHANGE - 1, "reconcile": CHANGE, "restart": CHANGE, "cancel": CHANGE + 1}


async def warm(api: httpx.AsyncClient, world: World) -> None:
    """Have a connection opened: a new one asks some questions of its own."""
    assert (await api.get("/users/me", headers=world.as_user)).status_code == 200


@pytest.mark.parametrize("name", READS)
async def test_a_read_stays_within_its_budget(api: httpx.AsyncClient, world: World, database_url: str, name: str):
    path, budget = READS[name]
    path = path.format(deployment=world.deployment)
    assert (await api.get(path, headers=world.as_user)).status_code == 200
    async with counted(database_url) as sent:
        assert (await api.get(path, headers=world.as_user)).status_code == 200
    assert sent.statements <= budget, sent.text


async def test_a_page_costs_the_same_however_long_it_is(
    api: httpx.AsyncClient, world: World, database: Database, database_url: str
):
    await warm(api, world)
    for number in range(10, 30):
        await deploy(database, world.mine, number)
    await api.get(
        "/deployments", headers=world.as_user
    )  # the driver asks once of each type of value that it has not met
    costs: dict[int, str] = {}
    for limit in (1, 20):
        async with counted(database_url) as sent:
            page = await api.get(f"/deployments?limit={limit}", headers=world.as_user)
        assert len(page.json()["items"]) == limit
        costs[limit] = sent.text
    assert costs[1] == costs[20]


async def test_writes_stay_within_their_budgets(api: httpx.AsyncClient, world: World, database_url: str):
    await warm(api, world)
    greeted = {"docker_image_url": "nginx:2", "values_schema_json": {"properties": {"user": {"type": "object"}}}}
    version = await api.post(f"/products/{world.mine.product}/templates", json=greeted, headers=world.as_admin)
    headers = {**world.as_user, "Idempotency-Key": "once"}
    body = {"template_id": version.json()["id"], "domain_name": "new.example.org"}
    async with counted(database_url) as sent:
        made = await api.post("/deployments", json=body, headers=headers)
    assert made.status_code == 202, made.text
    assert (sent.statements <= CREATE, sent.commits) == (True, 1), sent.text
    path = f"/deployments/{made.json()['id']}"
    for change, budget in (
        ({"domain_name": "newer.example.org"}, CHANGE),
        ({"user_values": {"greeting": "hi"}}, CHANGE + 1),
    ):
        async with counted(database_url) as sent:
            changed = await api.patch(path, json=change, headers=world.as_user)
        assert changed.status_code == 202, changed.text
        assert (sent.statements <= budget, sent.commits) == (True, 1), sent.text
    for verb, budget in VERBS.items():
        async with counted(database_url) as sent:
            assert (await api.post(f"{path}/{verb}", headers=world.as_user)).status_code == 202
        assert (sent.statements <= budget, sent.commits) == (True, 1), sent.text
    async with counted(database_url) as sent:
        assert (await api.delete(path, headers=world.as_user)).status_code == 202
    assert (sent.statements <= CHANGE, sent.commits) == (True, 1), sent.text
