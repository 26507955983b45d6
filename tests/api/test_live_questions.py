"""What is asked of executors: previews and promises, objects, logs; each trouble of theirs an honest answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar
from sqlalchemy import text

from slipway.clock import ManualClock, settle
from slipway.database.engine import Database
from slipway.domain.failures import Failure, FailureClass
from slipway.domain.usage import Usage
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import encode
from slipway.messaging.queries import (
    QUERIES,
    Answered,
    FieldChange,
    ListedResources,
    LogsRead,
    NotesRead,
    ObjectChange,
    ObjectName,
    ObjectRead,
    PreviewedRelease,
    ReadLogs,
    Resource,
)
from slipway_api.app import create_app
from slipway_api.deps import Deps
from slipway_api.routes.insight import CHECK_SEC
from tests.api.conftest import World, client_of, pointers, refused
from tests.api.test_deployments import rows
from tests.e2e.watching import eventually

WEB = ObjectName(api_version="apps/v1", kind="Deployment", name="web")
SHOWN = PreviewedRelease(
    added=[WEB],
    changed=[
        ObjectChange(api_version="v1", kind="ConfigMap", name="c", fields=[FieldChange(pointer="/data/a", after="1")])
    ],
    usage=Usage(cpu_milli=50),
    mark="m" * 64,
    dry_run=True,
)


class Executors:
    """Answers every question with what it is told to."""

    def __init__(self, broker: MemoryBroker) -> None:
        self.broker = broker
        self.answers: dict[str, Answered] = {"preview": SHOWN, "resources": ListedResources()}
        self.asked: list[Any] = []
        self.follower: asyncio.Task[None] | None = None
        self.talkative = False

    async def answer(self, subject: str, request: bytes) -> bytes:
        kind = subject.rpartition(".")[2]
        question = msgspec.json.decode(request, type=QUERIES[kind])
        self.asked.append(question)
        if isinstance(question, ReadLogs) and question.follow_to:
            self.follower = asyncio.create_task(self._print(question.follow_to))
        return encode(self.answers[kind])

    async def _print(self, subject: str) -> None:
        for piece in (b"one\n", b"two\n"):
            await self.broker.send(subject, piece)
        while self.talkative:
            await self.broker.send(subject, b"more\n")
            await settle()
        await self.broker.send(subject, b"")


@pytest.fixture
async def executors() -> AsyncIterator[Executors]:
    made = Executors(MemoryBroker())
    async with made.broker.respond(subjects.queries("local"), made.answer, group="executors"):
        yield made


@pytest.fixture
def app(deps: Deps, executors: Executors) -> Litestar:
    return create_app(msgspec.structs.replace(deps, broker=executors.broker))


@pytest.fixture
async def api(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


def at(world: World, rest: str) -> str:
    return f"/deployments/{world.deployment}/{rest}"


async def test_a_preview_is_shown_and_then_promised(
    api: httpx.AsyncClient, world: World, database: Database, executors: Executors
):
    body = {"domain_name": "other.example.org"}
    shown = await api.post(at(world, "preview"), json=body, headers=world.as_user)
    assert shown.status_code == 200, shown.text
    read = shown.json()
    assert (read["promises"], read["generation"], read["added"]) == ("objects", 1, [msgspec.to_builtins(WEB)])
    elsewhere = {"domain_name": "elsewhere.example.org", "preview_id": read["id"]}
    other = await api.patch(f"/deployments/{world.deployment}", json=elsewhere, headers=world.as_user)
    refused(other, 409, "conflict")
    changed = await api.patch(
        f"/deployments/{world.deployment}", json={**body, "preview_id": read["id"]}, headers=world.as_user
    )
    assert changed.status_code == 202, changed.text
    [job] = await rows(
        database, "SELECT preview_id FROM deployment_reconcile_job WHERE deployment_id = :d", d=world.deployment
    )
    assert str(job["preview_id"]) == read["id"]
    again = {"domain_name": "third.example.org", "preview_id": read["id"]}
    stale = await api.patch(f"/deployments/{world.deployment}", json=again, headers=world.as_user)
    refused(stale, 412, "stale")


async def test_a_preview_of_more_than_the_quota_is_refused_before_anybody_fills_in_the_rest(
    api: httpx.AsyncClient, world: World, executors: Executors
):
    await api.put(f"/users/{world.mine.user}/quota", json={"deployments": 1}, headers=world.as_admin)
    body = {"template_id": str(world.mine.template), "domain_name": "second.example.org"}
    answer = await api.post("/deployments/preview", json=body, headers=world.as_user)
    assert "1 deployments" in refused(answer, 422, "quota_exceeded")["detail"]
    assert executors.asked == []


async def test_another_users_preview_promises_nothing(api: httpx.AsyncClient, world: World, executors: Executors):
    theirs = await api.post(f"/deployments/{world.others_deployment}/preview", json={}, headers=world.as_other)
    body = {"domain_name": "x.example.org", "preview_id": theirs.json()["id"]}
    mine = await api.patch(f"/deployments/{world.deployment}", json=body, headers=world.as_user)
    assert pointers(mine) == ["/preview_id"]


async def test_a_chart_that_refuses_the_values_is_the_users_to_mend(
    api: httpx.AsyncClient, world: World, executors: Executors
):
    said = Failure(failure_class=FailureClass.TERMINAL, code="values_rejected", reason="no")
    executors.answers["preview"] = Answered(failure=said)
    assert pointers(await api.post(at(world, "preview"), json={}, headers=world.as_user)) == ["/user_values"]
    said = Failure(failure_class=FailureClass.TRANSIENT, code="cluster_unreachable", reason="away")
    executors.answers["preview"] = Answered(failure=said)
    answer = await api.post(at(world, "preview"), json={}, headers=world.as_user)
    assert refused(answer, 503, "unavailable")["detail"] == "away"


async def test_busy_executors_are_asked_again_later(api: httpx.AsyncClient, world: World, executors: Executors):
    busy = Failure(failure_class=FailureClass.TRANSIENT, code="busy", reason="too many questions")
    executors.answers["resources"] = Answered(failure=busy)
    answer = await api.get(at(world, "resources"), headers=world.as_user)
    refused(answer, 503, "unavailable")
    assert answer.headers["retry-after"]


async def test_objects_notes_and_logs_are_read(api: httpx.AsyncClient, world: World, executors: Executors):
    executors.answers |= {
        "resources": ListedResources(objects=[Resource(api_version="v1", kind="Service", name="s", ready=True)]),
        "notes": NotesRead(notes="hello"),
        "logs": LogsRead(text="a line\n"),
    }
    found = (await api.get(at(world, "resources"), headers=world.as_user)).json()
    assert [each["name"] for each in found["objects"]] == ["s"]
    assert (await api.get(at(world, "notes"), headers=world.as_user)).json() == {"notes": "hello"}
    logs = await api.get(at(world, "pods/web-0/logs?tail=5&container=web"), headers=world.as_user)
    assert (logs.text, logs.headers["content-type"]) == ("a line\n", "text/plain; charset=utf-8")
    assert (executors.asked[-1].tail, executors.asked[-1].container) == (5, "web")
    assert executors.asked[-1].place.deployment == world.deployment


async def test_one_object_is_shown_and_who_looks_is_known(
    api: httpx.AsyncClient, world: World, database: Database, executors: Executors
):
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    executors.answers["object"] = ObjectRead(manifest=manifest)
    found = await api.get(at(world, "resources/service/web?api_version=v1"), headers=world.as_user)
    assert found.json() == {"manifest": manifest, "shortened": False}
    [asked] = executors.asked
    assert (asked.kind, asked.name, asked.api_version, asked.place.deployment) == (
        "service",
        "web",
        "v1",
        world.deployment,
    )
    await api.get(at(world, "resources/service/web"), headers=world.as_admin)
    told = "SELECT data_json ->> 'what' AS what FROM outbox_event WHERE type LIKE '%read%'"
    assert await rows(database, told) == [{"what": "service web"}]


async def test_an_object_that_is_not_there_is_named(api: httpx.AsyncClient, world: World, executors: Executors):
    gone = Failure(failure_class=FailureClass.TERMINAL, code="not_found", reason="there is no Service web")
    executors.answers["object"] = Answered(failure=gone)
    answer = await api.get(at(world, "resources/Service/web"), headers=world.as_user)
    assert refused(answer, 404, "not_found")["detail"] == "there is no Service web"


async def test_logs_are_followed_until_they_end(api: httpx.AsyncClient, world: World, executors: Executors):
    executors.answers["logs"] = LogsRead()
    followed = await api.get(at(world, "pods/web-0/logs?follow=true"), headers=world.as_user)
    assert followed.text == "one\ntwo\n"


async def test_logs_are_followed_no_longer_than_the_reader_may_see_them(
    api: httpx.AsyncClient, world: World, database: Database, executors: Executors, clock: ManualClock
):
    """Row 55: a pod that prints all the time does not keep the stream open for somebody who has gone."""
    executors.answers["logs"] = LogsRead()
    executors.talkative = True
    following = asyncio.create_task(api.get(at(world, "pods/web-0/logs?follow=true"), headers=world.as_user))
    await eventually(lambda: started(executors), "it is followed")
    async with database.writing() as session:
        await session.execute(text("UPDATE users SET deleted_at = now() WHERE id = :id"), {"id": world.mine.user})
    await clock.advance(CHECK_SEC + 1)
    answer = await following
    assert "two" in answer.text
    assert executors.follower is not None
    assert not executors.follower.done(), "the pod goes on"
    executors.talkative = False
    await executors.follower


async def started(executors: Executors) -> bool | None:
    return executors.follower is not None or None


@pytest.mark.parametrize(
    "path",
    [
        "pods/web-0/logs?tail=0",
        "pods/web-0/logs?tail=5001",
        "pods/WEB/logs",
        "pods/a/logs?container=-",
        "resources/not-a-kind/web",
        "resources/Service/%2e%2e",
        "resources/Service/a%20b",
    ],
)
async def test_wrong_names_and_numbers_are_not_asked(
    api: httpx.AsyncClient, world: World, executors: Executors, path: str
):
    assert (await api.get(at(world, path), headers=world.as_user)).status_code == 422
    assert executors.asked == []


async def test_an_admins_look_is_written_down_before_the_answer(
    api: httpx.AsyncClient, world: World, database: Database, executors: Executors
):
    executors.answers["notes"] = NotesRead(notes="hello")
    told = (
        "SELECT actor_json ->> 'id' AS actor, data_json ->> 'what' AS what FROM outbox_event WHERE type LIKE '%read%'"
    )
    await api.get(at(world, "notes"), headers=world.as_user)
    assert await rows(database, told) == [], "one's own is nobody's business"
    await api.get(at(world, "notes"), headers=world.as_admin)
    assert await rows(database, told) == [{"actor": str(world.admin), "what": "notes"}]
