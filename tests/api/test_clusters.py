"""An installation with many clusters, or with one that has another name than `local`."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from nacl.public import PrivateKey

from slipway.database.engine import Database
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import encode
from slipway.messaging.queries import QUERIES, Answered, InspectedChart, PreviewedRelease, ResolvedChart
from slipway_api.app import create_app
from slipway_api.deps import Deps
from tests.api.conftest import World, client_of, pointers, refused
from tests.api.test_deployments import create, rows
from tests.api.test_platform import do

DIGEST = f"sha256:{'7' * 64}"
CHART = {"chart_ref": "oci://127.0.0.1:5000/charts/hello", "chart_version": "1.0.0"}
ANSWERS: dict[str, Answered] = {
    "resolve": ResolvedChart(digest=DIGEST),
    "inspect": InspectedChart(digest=DIGEST, name="hello", version="1.0.0"),
    "preview": PreviewedRelease(),
}


class Executors:
    """Those of a cluster, by the questions that reached them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []

    async def answer(self, subject: str, request: bytes) -> bytes:
        _, _, _, cluster, kind = subject.split(".")
        self.asked.append((cluster, msgspec.json.decode(request, type=QUERIES[kind])))
        return encode(ANSWERS[kind])


@pytest.fixture
async def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
async def north(broker: MemoryBroker) -> AsyncIterator[Executors]:
    executors = Executors()
    async with broker.respond(subjects.queries("north"), executors.answer, group="executors"):
        yield executors


@pytest.fixture
async def api(deps: Deps, broker: MemoryBroker) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app(msgspec.structs.replace(deps, broker=broker))) as client:
        yield client


async def add(api: httpx.AsyncClient, world: World, name: str) -> None:
    assert (await api.post("/clusters", json={"name": name}, headers=world.as_admin)).status_code == 201


async def forget_local(api: httpx.AsyncClient, world: World) -> None:
    assert (await api.post("/clusters/local/forget", headers=world.as_admin)).status_code == 202


async def read_charts(api: httpx.AsyncClient, world: World) -> list[httpx.Response]:
    """Have a chart opened in each way in which a chart is opened before anything is deployed."""
    versions = f"/products/{world.mine.product}/templates"
    return [
        await api.post("/charts/inspect", json=CHART, headers=world.as_admin),
        await api.post("/charts", content=b"\x1f\x8b" + bytes(9), headers=world.as_admin),
        await api.post(versions, json=CHART, headers=world.as_admin),
        await api.post(versions, json={"chart_digest": DIGEST}, headers=world.as_admin),
    ]


async def test_charts_are_opened_where_the_only_cluster_is_not_local(
    api: httpx.AsyncClient, world: World, north: Executors
):
    await add(api, world, "north")
    await forget_local(api, world)
    assert [each.status_code for each in await read_charts(api, world)] == [200, 201, 201, 201]
    assert [cluster for cluster, _ in north.asked] == ["north"] * 4


async def test_charts_are_opened_by_a_cluster_that_is_heard_and_has_the_credentials(
    api: httpx.AsyncClient, world: World, north: Executors, database: Database
):
    for name in ("east", "north", "west"):
        await add(api, world, name)
    for name in ("east", "north"):
        await do(
            database,
            f"INSERT INTO executor (instance, cluster, slots, free, version) VALUES ('{name}', '{name}', 4, 4, '1')",
        )
    key = base64.b64encode(bytes(PrivateKey.generate().public_key)).decode()
    await do(database, "UPDATE cluster SET public_key = :key WHERE name IN ('north', 'west')", key=key)
    login = {"host": "charts.example.org", "username": "robot", "password": "p4ssw0rd!"}
    assert (await api.post("/registries", json=login, headers=world.as_admin)).status_code == 201
    assert [each.status_code for each in await read_charts(api, world)] == [200, 201, 201, 201]
    assert [[each.name for each in question.registries] for _, question in north.asked] == [["charts.example.org"]] * 4


async def test_without_any_cluster_there_is_nobody_to_open_a_chart(api: httpx.AsyncClient, world: World):
    await forget_local(api, world)
    for answer in await read_charts(api, world):
        assert "register one" in refused(answer, 503, "unavailable")["detail"]


async def test_a_deployment_that_names_no_cluster_goes_to_the_only_one(
    api: httpx.AsyncClient, world: World, north: Executors, database: Database
):
    await add(api, world, "north")
    here = await create(api, world, domain_name="here.example.org")
    assert here.json()["cluster"] == "local", "as long as there is one of that name"
    await forget_local(api, world)
    body = {"template_id": str(world.mine.template), "domain_name": "there.example.org"}
    shown = await api.post("/deployments/preview", json=body, headers=world.as_user)
    assert (shown.status_code, [cluster for cluster, _ in north.asked]) == (200, ["north"])
    there = await create(api, world, domain_name="there.example.org", preview_id=shown.json()["id"])
    assert (there.status_code, there.json()["cluster"]) == (202, "north"), "and what was shown is for the same one"
    jobs = await rows(
        database, "SELECT cluster FROM deployment_reconcile_job WHERE deployment_id = :d", d=there.json()["id"]
    )
    assert jobs == [{"cluster": "north"}]
    adopted = {**body, "domain_name": "a.example.org", "namespace_name": "theirs", "release_name": "theirs"}
    found = await api.post("/deployments/adopt", json=adopted, headers=world.as_admin)
    assert found.json()["cluster"] == "north"


async def test_of_several_clusters_one_has_to_be_named(api: httpx.AsyncClient, world: World):
    for name in ("north", "south"):
        await add(api, world, name)
    await forget_local(api, world)
    answer = await create(api, world)
    assert pointers(answer) == ["/cluster"]
    assert "north, south" in answer.text
    assert pointers(await create(api, world, cluster="west")) == ["/cluster"]
    assert (await create(api, world, cluster="south")).json()["cluster"] == "south"
