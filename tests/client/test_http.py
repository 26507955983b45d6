"""What the client does when the API says "later", says nothing, or says that the token has ended."""

import json
import traceback
from typing import Any

import pytest

from slipway.client import Refused, Slipway, Unreachable
from slipway.client.http import SlipwayClient
from slipway.identity import new_id
from tests.client.scripted import scripted

JSON = {"Content-Type": "application/json"}
LATER = (503, {"Retry-After": "0"}, '{"code": "unavailable", "detail": "later"}')
OK = (200, JSON, '{"items": []}')
USER = (201, JSON, json.dumps({
    "id": "01a2123d-a1a7-7558-b65c-3e7ca3f49846", "email": "a@example.org", "is_admin": False,
    "created_at": "2030-01-01T00:00:00Z", "updated_at": "2030-01-01T00:00:00Z", "of_a_newer_server": 1,
}))  # fmt: skip


async def test_a_read_is_asked_again_when_the_api_says_later_or_nothing():
    async with scripted(LATER, None, OK) as (url, server), Slipway(url, pause_sec=0) as slipway:
        assert await slipway.products.list() == []
    assert [each.method for each in server.asked] == ["GET"] * 3


async def test_a_creation_is_repeated_under_one_key_and_ignores_fields_that_it_does_not_know():
    async with scripted(LATER, USER) as (url, server), Slipway(url, pause_sec=0) as slipway:
        assert (await slipway.users.create("a@example.org")).email == "a@example.org"
    keys = {each.headers["idempotency-key"] for each in server.asked}
    assert (len(server.asked), len(keys)) == (2, 1)


async def test_what_may_not_be_repeated_is_not():
    async with scripted(LATER, LATER) as (url, server), Slipway(url, pause_sec=0) as slipway:
        with pytest.raises(Refused) as caught:
            await slipway.platform.scan_drift()
    assert (caught.value.status, caught.value.retry_after_sec, len(server.asked)) == (503, 0.0, 1)


async def test_a_wrong_request_is_not_asked_again():
    refusal = (422, JSON, '{"code": "invalid", "errors": [{"pointer": "/email", "message": "is none"}]}')
    async with scripted(refusal) as (url, server), Slipway(url, pause_sec=0) as slipway:
        with pytest.raises(Refused, match="/email is none"):
            await slipway.users.create("a")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"status": "error"}', "502"),
        ('{"status": 200, "code": "odd"}', "odd"),
        ('{"errors": "none"}', "502"),
        ('{"errors": [{"field": "a"}, 1]}', "502"),
        ('{"code": null, "detail": null, "errors": null}', "502"),
        ("[]", "502"),
        ("<html>", "502"),
    ],
)
async def test_an_error_of_a_proxy_is_told_by_its_status(text: str, code: str):
    async with scripted((502, JSON, text)) as (url, _), SlipwayClient(url) as client:
        with pytest.raises(Refused) as caught:
            await client.get("/products")
    assert (caught.value.status, caught.value.code, caught.value.errors) == (502, code, [])


async def test_an_answer_that_is_no_json_is_no_answer_of_the_api():
    async with scripted((200, {}, "<html>")) as (url, _), SlipwayClient(url) as client:
        with pytest.raises(Refused, match="not an answer of Slipway's API"):
            await client.get("/products")


async def test_a_redirect_is_refused_with_the_address_it_names():
    async with (
        scripted((308, {"Location": "https://slipway.example.org/"}, "")) as (url, _),
        SlipwayClient(url) as client,
    ):
        with pytest.raises(Refused, match=r"https://slipway\.example\.org/") as caught:
            await client.get("/products")
    assert caught.value.status == 308


async def test_silence_is_told_after_the_last_try():
    async with scripted(None, None, None) as (url, server), Slipway(url, pause_sec=0, retries=2) as slipway:
        with pytest.raises(Unreachable):
            await slipway.products.list()
    assert len(server.asked) == 3


async def test_the_plain_client_asks_once():
    async with scripted(LATER) as (url, server), SlipwayClient(url) as client:
        with pytest.raises(Refused):
            await client.get("/products")
    assert len(server.asked) == 1


async def test_a_token_that_ended_is_renewed_once():
    ended = (401, JSON, '{"code": "unauthenticated"}')

    async def renew() -> str:
        return "next"

    async with scripted(ended, OK) as (url, server), Slipway(url, token="first", renew=renew) as slipway:
        assert await slipway.products.list() == []
    assert [each.headers["authorization"] for each in server.asked] == ["Bearer first", "Bearer next"]
    async with scripted(ended, ended) as (url, _), Slipway(url, token="first", renew=renew) as slipway:
        with pytest.raises(Refused):
            await slipway.products.list()


async def test_pages_are_read_to_the_end_or_as_far_as_asked():
    def page(names: list[str], following: str | None) -> tuple[int, dict[str, str], str]:
        now = "2030-01-01T00:00:00Z"
        items = [{"id": "01a2123d-a1a7-7558-b65c-3e7ca3f49846", "name": name, "slug": name, "created_at": now,
                  "updated_at": now} for name in names]  # fmt: skip
        return 200, JSON, json.dumps({"items": items, "next_cursor": following})

    async with (
        scripted(page(["a", "b"], "x"), page(["c"], None)) as (url, server),
        Slipway(url, pause_sec=0) as slipway,
    ):
        assert [each.name for each in await slipway.products.list()] == ["a", "b", "c"]
    assert server.asked[1].path.endswith("cursor=x")


async def test_the_feed_goes_on_after_the_last_event_when_the_connection_breaks():
    def stream(position: int) -> tuple[int, dict[str, str], str]:
        event = {
            "id": "1",
            "source": "s",
            "type": "t",
            "time": "2030-01-01T00:00:00Z",
            "slipwaypos": position,
            "slipwayepoch": 1,
        }
        text = f": connected\n\nid: 1-{position}\nevent: t\ndata: {json.dumps(event)}\n\n"
        return 200, {"Content-Type": "text/event-stream"}, text

    seen: list[int] = []
    async with scripted(stream(7), None, stream(8)) as (url, server), Slipway(url, pause_sec=0) as slipway:
        async for event in slipway.events.follow(after="1-6"):
            seen.append(event.slipwaypos)
            if len(seen) == 2:
                break
    assert seen == [7, 8]
    assert [each.headers["last-event-id"] for each in server.asked] == ["1-6", "1-7", "1-7"]


ENDED, FULL = (401, JSON, '{"code": "unauthenticated"}'), (429, JSON, '{"code": "too_many"}')


@pytest.mark.parametrize(
    ("answers", "status"),
    [([ENDED], 401), ([FULL] * 3, 429), ([FULL, FULL, None, FULL, FULL, LATER, FULL, FULL, FULL], 429)],
    ids=["ended", "full", "full-again-and-again"],
)
async def test_the_feed_ends_when_the_sign_in_has_or_too_many_stay_open(answers: list[Any], status: int):
    async with scripted(*answers) as (url, server), Slipway(url, pause_sec=0, retries=2) as slipway:
        with pytest.raises(Refused) as caught:
            await anext(slipway.events.follow())
    assert (caught.value.status, len(server.asked)) == (status, len(answers))


async def test_a_header_that_cannot_be_sent_is_refused_once_without_being_repeated():
    async with scripted() as (url, server), Slipway(url, token="slp_first\nslp_second", pause_sec=0) as slipway:
        for asked in (slipway.products.list(), anext(slipway.events.follow())):
            with pytest.raises(Refused) as caught:
                await asked
            assert "slp_" not in "".join(traceback.format_exception(caught.value))
    assert server.asked == []


async def test_a_name_is_a_part_of_the_address_whatever_it_holds():
    async with scripted((200, {}, ""), (204, {}, "")) as (url, server), Slipway(url) as slipway:
        await slipway.insight.logs(new_id(), "a\n/b?c", tail=1)
        await slipway.platform.forget_cluster("../x")
    assert "/pods/a%0A%2Fb%3Fc/logs?tail=1" in server.asked[0].path
    assert server.asked[1].path == "/api/v1/clusters/..%2Fx/forget"
