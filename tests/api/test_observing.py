"""Requests are counted by the route's template, traced, and told in a log line; nothing of a client's making becomes a label."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar
from structlog.testing import capture_logs

from slipway_api.observing import observed
from tests.api.conftest import World, client_of
from tests.support.told import metric, recording

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ONE = "/api/v1/deployments/{deployment_id}"


@pytest.fixture
async def api(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    around: Any = observed(app)  # pyright: ignore[reportArgumentType]
    async with client_of(around) as client:
        yield client


def count(method: str, route: str, status: int) -> float:
    return metric("slipway_http_requests_total", method=method, route=route, status=str(status))


async def test_requests_are_counted_by_template_and_status(api: httpx.AsyncClient, world: World):
    before, timed = (
        count("GET", ONE, 200),
        metric("slipway_http_request_duration_seconds_count", method="GET", route=ONE),
    )
    await api.get(f"/deployments/{world.deployment}", headers=world.as_user)
    refused = count("GET", ONE, 404)
    await api.get(f"/deployments/{world.others_deployment}", headers=world.as_user)
    assert (count("GET", ONE, 200), count("GET", ONE, 404)) == (before + 1, refused + 1)
    assert metric("slipway_http_request_duration_seconds_count", method="GET", route=ONE) == timed + 2


async def test_what_a_client_makes_up_is_one_series(api: httpx.AsyncClient):
    before = count("GET", "unmatched", 404), count("other", "unmatched", 405)
    for number in range(3):
        await api.get(f"/nothing/{number}")
        await api.request(f"BREW{number}", f"/coffee/{number}")
    odd = sum(
        metric("slipway_http_requests_total", method="other", route="unmatched", status=status)
        for status in ("404", "405")
    )
    assert count("GET", "unmatched", 404) == before[0] + 3
    assert odd >= 3


async def test_a_change_is_in_the_trace_of_its_client(api: httpx.AsyncClient, world: World):
    with recording() as recorder, capture_logs() as lines:
        body = {"domain_name": "another.example.org"}
        headers = {**world.as_user, "traceparent": PARENT}
        answer = await api.patch(f"/deployments/{world.deployment}", json=body, headers=headers)
        await api.get("http://slipway.test/health")
        await api.get("http://slipway.test/metrics")
    assert answer.status_code == 202
    [span] = recorder.spans
    assert (span.name, span.place.trace_id) == (f"PATCH {ONE}", "0af7651916cd43dd8448eb211c80319c")
    assert span.attributes["slipway.deployment"] == str(world.deployment)
    assert span.attributes["http.response.status_code"] == 202
    assert [(line["route"], line["status"]) for line in lines if line["event"] == "request_answered"] == [(ONE, 202)]


async def test_a_fault_is_marked_and_told_with_its_deployment(
    api: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
):
    async def broken(*arguments: object, **named: object) -> None:
        raise RuntimeError("s3" + "cret")

    monkeypatch.setattr("slipway.database.queries.deployments.get", broken)
    with recording() as recorder, capture_logs() as lines:
        answer = await api.get(f"/deployments/{world.deployment}", headers={**world.as_user, "traceparent": PARENT})
    assert answer.status_code == 500
    [span] = recorder.spans
    assert (span.failure, span.attributes["slipway.deployment"]) == ("500", str(world.deployment))
    assert {line["event"] for line in lines} == {"request_failed", "request_answered"}
    assert "s3cret" not in str(lines) + str(span.attributes)


async def test_a_client_that_goes_away_is_no_fault_of_ours():
    async def waits(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    before = count("GET", "unmatched", 499)
    with pytest.raises(asyncio.CancelledError):
        await observed(waits)({"type": "http", "method": "GET", "path": "/x", "headers": []}, None, None)
    assert count("GET", "unmatched", 499) == before + 1
