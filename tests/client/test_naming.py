"""What people call a thing finds it, and a slip finds nothing."""

import json
from uuid import UUID

import msgspec
import pytest

from slipway.client import NotFound, Slipway
from slipway.client.naming import called
from slipway.client.tasks import Task
from tests.client.scripted import scripted

FIRST, SECOND = UUID("01a2123d-a1a7-7558-b65c-3e7ca3f49846"), UUID("01a2123d-a1a7-7558-b65c-3e7ca3f5aaaa")
NOW = "2030-01-01T00:00:00Z"
JSON = {"Content-Type": "application/json"}


def task(identity: UUID, title: str) -> dict[str, str]:
    return {"id": str(identity), "title": title, "name": title, "created_at": NOW, "updated_at": NOW}


def page(*items: dict[str, str]) -> tuple[int, dict[str, str], str]:
    return 200, JSON, json.dumps({"items": items})


TWO = page(task(FIRST, "Water the plants"), task(SECOND, "6"))


@pytest.mark.parametrize("noun", ["tasks", "tokens"])
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Water the plants", FIRST),
        ("water the PLANTS", FIRST),
        ("6", SECOND),
        ("a3f49846", FIRST),
        ("A3F49846", FIRST),
        (str(SECOND), SECOND),
        ("", None),
        ("a", None),
        ("3f49846", None),
    ],
)
async def test_a_title_or_as_much_of_an_id_as_is_shown_finds_one(noun: str, name: str, found: UUID | None):
    async with scripted(TWO) as (url, _), Slipway(url) as slipway:
        find = slipway.tasks.find if noun == "tasks" else slipway.tokens.find
        if found is None:
            with pytest.raises(NotFound):
                await find(name)
        else:
            assert (await find(name)).id == found


def test_of_two_titles_the_one_in_just_these_letters_is_meant():
    def made(identity: UUID, title: str) -> Task:
        return msgspec.convert(task(identity, title), Task)

    both = [made(FIRST, "ci"), made(SECOND, "CI")]
    assert called(both, "CI", noun="task", title=lambda each: each.title).id == SECOND
    with pytest.raises(NotFound, match="2 tasks are called 'Ci'"):
        called(both, "Ci", noun="task", title=lambda each: each.title)


async def test_no_name_is_no_deployment_s_name():
    async with scripted() as (url, server), Slipway(url) as slipway:
        with pytest.raises(NotFound, match="missing"):
            await slipway.deployments.find("")
    assert server.asked == []
