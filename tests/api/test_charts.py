"""Charts that are uploaded and read before they are published; an executor opens them, the API never does."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from slipway.database.engine import Database
from slipway.domain.failures import Failure, FailureClass
from slipway.messaging import subjects
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.messages import PIECE_BYTES, encode
from slipway.messaging.queries import INSPECT, InspectChart, InspectedChart
from slipway_api.app import create_app
from slipway_api.deps import Deps
from tests.api.conftest import World, client_of, pointers, refused
from tests.api.test_deployments import rows

ARCHIVE = b"\x1f\x8b" + bytes(range(256)) * (PIECE_BYTES // 100)
DIGEST = f"sha256:{hashlib.sha256(ARCHIVE).hexdigest()}"
TOLD: dict[str, Any] = {
    "name": "hello",
    "version": "3.1.0",
    "values": {"user": {"replicas": 1}},
    "values_schema": {"type": "object"},
}
GZIP = {"Content-Type": "application/gzip"}


class Executor:
    """Knows the charts whose digests it is told."""

    def __init__(self) -> None:
        self.known = {DIGEST}
        self.asked: list[InspectChart] = []

    async def answer(self, _: str, request: bytes) -> bytes:
        asked = msgspec.json.decode(request, type=InspectChart)
        self.asked.append(asked)
        digest = asked.chart.digest or DIGEST
        if digest in self.known:
            return encode(InspectedChart(digest=digest, **TOLD))
        failure = Failure(failure_class=FailureClass.TERMINAL, code="chart_unsafe", reason="the chart has a link")
        return encode(InspectedChart(failure=failure))


@pytest.fixture
async def executor(broker: JetStreamBroker) -> AsyncIterator[Executor]:
    executor = Executor()
    async with broker.respond(subjects.query("local", INSPECT), executor.answer, group="executors"):
        yield executor


@pytest.fixture
async def api(deps: Deps, broker: JetStreamBroker) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app(msgspec.structs.replace(deps, broker=broker))) as client:
        yield client


async def test_an_upload_is_kept_by_its_digest_and_published_by_it(
    api: httpx.AsyncClient, world: World, executor: Executor, database: Database
):
    sent = await api.post("/charts", content=ARCHIVE, headers={**world.as_admin, **GZIP})
    again = await api.post("/charts", content=ARCHIVE, headers={**world.as_admin, **GZIP})
    assert (sent.status_code, again.status_code) == (201, 201), sent.text
    assert sent.json() == again.json(), "it is the same one"
    found = sent.json()
    assert (found["chart_digest"], found["name"], found["chart_version"]) == (DIGEST, "hello", "3.1.0")
    assert (found["values"], found["values_schema"]) == (TOLD["values"], TOLD["values_schema"])
    kept = await rows(database, "SELECT number, total, content FROM chart_archive_part ORDER BY number")
    assert b"".join(each["content"] for each in kept) == ARCHIVE
    assert {each["total"] for each in kept} == {len(kept)} == {4}
    assert kept[0]["content"] == b"", "an uploaded chart has no manifest"

    path = f"/products/{world.mine.product}/templates"
    made = await api.post(path, json={"chart_digest": DIGEST}, headers=world.as_admin)
    assert made.status_code == 201, made.text
    assert (made.json()["chart_ref"], made.json()["chart_version"]) == (None, "3.1.0")
    assert executor.asked[-1].chart.ref is None
    other = await api.post(path, json={"chart_digest": DIGEST, "chart_version": "9.0.0"}, headers=world.as_admin)
    assert pointers(other) == ["/chart_version"]


async def test_a_digest_that_nobody_uploaded_is_refused(api: httpx.AsyncClient, world: World, executor: Executor):
    path = f"/products/{world.mine.product}/templates"
    made = await api.post(path, json={"chart_digest": f"sha256:{'0' * 64}"}, headers=world.as_admin)
    assert pointers(made) == ["/chart_digest"]
    assert "the chart has a link" in made.text, "the executor's own reason"


async def test_what_is_no_chart_is_refused_with_the_reason(api: httpx.AsyncClient, world: World, executor: Executor):
    plain = await api.post("/charts", content=b"apiVersion: v2", headers={**world.as_admin, **GZIP})
    assert (pointers(plain), executor.asked) == ([""], [])
    executor.known.clear()
    unsafe = await api.post("/charts", content=ARCHIVE, headers={**world.as_admin, **GZIP})
    assert (pointers(unsafe), "the chart has a link" in unsafe.text) == ([""], True)
    large = await api.post("/charts", content=bytes(20 * 2**20 + 1), headers={**world.as_admin, **GZIP})
    refused(large, 413, "too_large")


async def test_without_an_executor_the_uploader_is_told_to_come_again(api: httpx.AsyncClient, world: World):
    answer = await api.post("/charts", content=ARCHIVE, headers={**world.as_admin, **GZIP})
    refused(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_chart_in_a_registry_is_read_without_being_published(
    api: httpx.AsyncClient, world: World, executor: Executor
):
    chart = {"chart_ref": "oci://127.0.0.1:5000/charts/hello", "chart_version": "3.1.0"}
    found = await api.post("/charts/inspect", json=chart, headers=world.as_admin)
    assert (found.status_code, found.json()["chart_digest"]) == (200, DIGEST)
    assert (executor.asked[0].chart.plain_http, executor.asked[0].chart.digest) == (True, None)
    wrong = {"chart_ref": "file:///etc/passwd", "chart_version": "", "chart_digest": "md5:1"}
    answer = await api.post("/charts/inspect", json=wrong, headers=world.as_admin)
    assert pointers(answer) == ["/chart_ref", "/chart_version", "/chart_digest"]
