"""The command line before a server that breaks off, sends elsewhere or is not ours: a sentence and a code, and no event twice."""

from pathlib import Path

import msgspec
import pytest

from slipway.domain.events import CloudEvent
from tests.cli.scripted import DEPLOYMENT, FOUND, JSON, NOW, TEMPLATE, Answer, json, slipway
from tests.client.scripted import scripted

LIVE = {"Content-Type": "text/event-stream"}


def happened(seq: int, *, pos: int) -> CloudEvent:
    """Return an event of the deployment; `pos` 0 is one that is not numbered yet."""
    return CloudEvent(
        id=f"{seq}", source="s", type="t", time=NOW, subject=f"deployments/{DEPLOYMENT.id}", slipwayseq=seq,
        slipwayepoch=1 if pos else 0, slipwaypos=pos,
    )  # fmt: skip


def live(*events: CloudEvent) -> Answer:
    lines = [f"data: {msgspec.json.encode(each).decode()}\n\n" for each in events]
    return 200, LIVE, "".join(lines)


@pytest.mark.parametrize(
    ("broken", "code", "said"),
    [
        (None, 7, "no answer from http://127.0.0.1"),
        ((404, JSON, '{"code": "not_found", "detail": "no such pod"}'), 4, "no such pod"),
        ((429, JSON, '{"code": "too_many", "detail": "too many follow logs"}'), 7, "too many follow logs"),
    ],
    ids=["silence", "no-pod", "too-many"],
)
async def test_logs_that_are_followed_end_with_a_sentence(broken: Answer | None, code: int, said: str, tmp_path: Path):
    async with scripted(FOUND, broken) as (url, _):
        ended, _, told = await slipway(url, tmp_path, "logs", str(DEPLOYMENT.id), "--pod", "a", "--follow")
    assert (ended, said in told, "Traceback" in told) == (code, True, False), told


async def test_a_redirect_names_the_address_to_use(tmp_path: Path):
    there = "https://slipway.example.org/api/v1/deployments"
    for arguments in (["list"], ["events", "--count", "1"]):
        async with scripted((308, {"Location": there}, "")) as (url, _):
            code, _, told = await slipway(url, tmp_path, *arguments)
        assert (code, "https://slipway.example.org" in told, "Traceback" in told) == (1, True, False), told


async def test_a_server_that_is_not_slipway_s_is_told_so(tmp_path: Path):
    async with scripted((200, {"Content-Type": "text/html"}, "<!doctype html>")) as (url, _):
        code, _, told = await slipway(url, tmp_path, "list")
    assert (code, "not an answer of Slipway's API" in told, "Traceback" in told) == (1, True, False), told


async def test_what_was_shown_before_it_had_a_number_is_not_shown_again_nor_the_whole_feed(tmp_path: Path):
    numbered, unnumbered = happened(1, pos=5), happened(2, pos=0)
    page = json({"items": [numbered, unnumbered]})
    async with scripted(FOUND, page, live(happened(2, pos=6), happened(3, pos=7))) as (url, server):
        code, printed, told = await slipway(
            url, tmp_path, "events", str(DEPLOYMENT.id), "--follow", "--count", "3", "-o", "json"
        )
    assert code == 0, told
    seen = [msgspec.json.decode(line, type=CloudEvent).slipwayseq for line in printed.splitlines()]
    assert seen == [1, 2, 3]
    assert server.asked[-1].headers["last-event-id"] == "1-5"


async def test_a_deployment_whose_events_have_no_number_yet_is_followed_from_now_on(tmp_path: Path):
    page = json({"items": [happened(1, pos=0)]})
    async with scripted(FOUND, page, live(happened(1, pos=1), happened(2, pos=2))) as (url, server):
        code, printed, told = await slipway(
            url, tmp_path, "events", str(DEPLOYMENT.id), "--follow", "--count", "2", "-o", "json"
        )
    assert (code, len(printed.splitlines())) == (0, 2), told
    assert "last-event-id" not in server.asked[-1].headers


async def test_values_are_not_put_over_those_that_somebody_set_meanwhile(tmp_path: Path):
    template = msgspec.structs.replace(TEMPLATE, values_schema_json={"properties": {"user": {"type": "object"}}})
    found = json(msgspec.structs.replace(DEPLOYMENT, template=template, generation=4))
    stale = (412, JSON, '{"code": "stale", "detail": "read it again"}')
    nothing = json({"items": []})
    async with scripted(found, nothing, stale) as (url, server):
        code, _, told = await slipway(url, tmp_path, "change", str(DEPLOYMENT.id), "--set", "a=1")
    assert (code, "read it again" in told, server.asked[-1].headers["if-match"]) == (5, True, '"4"'), told
    async with scripted(found, nothing, stale) as (url, server):
        await slipway(url, tmp_path, "change", str(DEPLOYMENT.id), "--set", "a=1", "--replace")
    assert "if-match" not in server.asked[-1].headers, "these are all values that it shall have"


@pytest.mark.parametrize("url", ["https://a.example.org:80a", "https://[::1", "http://a\nb", "slipway.example.org"])
async def test_an_address_that_is_none_is_told_with_its_variable(url: str, tmp_path: Path):
    for arguments in (["list"], ["login", url, "--email", "a@example.org", "--password-stdin"]):
        code, _, told = await slipway(url, tmp_path, *arguments)
        assert (code, "is not an address: " in told, "Traceback" in told) == (2, True, False), told
        assert "SLIPWAY_API_URL" in told


async def test_a_token_that_cannot_be_sent_is_not_printed(tmp_path: Path):
    async with scripted() as (url, server):
        for arguments in (["list"], ["events", "--count", "1"]):
            code, printed, told = await slipway(url, tmp_path, *arguments, SLIPWAY_TOKEN="slp_first\nslp_second")
            assert (code, "the token" in told, "Traceback" in told) == (2, True, False), told
            assert "slp_" not in printed + told
    assert server.asked == []


async def test_a_token_with_the_line_break_of_its_file_is_sent_without(tmp_path: Path):
    async with scripted(json({"items": []})) as (url, server):
        code, _, told = await slipway(url, tmp_path, "list", SLIPWAY_TOKEN="slp_first\n")
    assert (code, server.asked[0].headers["authorization"]) == (0, "Bearer slp_first"), told


@pytest.mark.parametrize(
    ("refused", "code", "said"),
    [
        ((401, JSON, '{"code": "unauthenticated"}'), 3, "slipway login"),
        ((429, {**JSON, "Retry-After": "0"}, '{"code": "too_many", "detail": "end one first"}'), 7, "end one first"),
    ],
    ids=["ended", "too-many"],
)
async def test_a_feed_that_is_refused_ends_with_a_sentence(refused: Answer, code: int, said: str, tmp_path: Path):
    async with scripted(*[refused] * 9) as (url, _):
        ended, _, told = await slipway(url, tmp_path, "events")
    assert (ended, said in told, "Traceback" in told) == (code, True, False), told
