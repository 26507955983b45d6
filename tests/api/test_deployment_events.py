"""A deployment's events page by page, in their order and from the newest back."""

import httpx
import pytest

from slipway.database.engine import Database
from slipway.database.queries import outbox
from slipway.domain.events import Actor, EventType
from tests.api.conftest import World, pointers

EVENTS = 7
WHO = Actor(kind="system", id="tests")


@pytest.fixture
async def told(world: World, database: Database) -> list[int]:
    """Seven events of the user's deployment between those of another one; return their places."""
    async with database.writing() as session:
        for _ in range(EVENTS):
            for deployment in (world.deployment, world.others_deployment):
                await outbox.record(session, EventType.DEPLOYMENT_SUSPENDED, actor=WHO, data={}, deployment=deployment)
    return list(range(1, EVENTS + 1))


async def read(api: httpx.AsyncClient, world: World, query: str) -> tuple[list[int], str | None]:
    answer = await api.get(f"/deployments/{world.deployment}/events?{query}", headers=world.as_user)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    return [each["slipwayseq"] for each in page["items"]], page["next_cursor"]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 3, EVENTS, 200])
async def test_pages_hold_each_event_once(
    api: httpx.AsyncClient, world: World, told: list[int], limit: int, *, newest_first: bool
):
    found: list[int] = []
    cursor: str | None = "0"
    pages = 0
    while cursor is not None:
        some, cursor = await read(api, world, f"newest_first={newest_first}&limit={limit}&after={cursor}")
        found += some
        pages += 1
    assert found == (told[::-1] if newest_first else told)
    assert pages == -(-EVENTS // limit), "the last page says that it is the last"


async def test_from_the_newest_back_goes_on_where_it_was_while_more_happens(
    api: httpx.AsyncClient, world: World, told: list[int], database: Database
):
    first, cursor = await read(api, world, "newest_first=true&limit=3")
    async with database.writing() as session:
        await outbox.record(session, EventType.DEPLOYMENT_RESUMED, actor=WHO, data={}, deployment=world.deployment)
    rest, _ = await read(api, world, f"newest_first=true&limit=3&after={cursor}")
    assert first + rest == told[:0:-1]
    assert await read(api, world, f"after={first[0]}") == ([EVENTS + 1], None)
    assert await read(api, world, "newest_first=true&after=1") == ([], None)


async def test_what_is_no_order_is_refused(api: httpx.AsyncClient, world: World):
    path = f"/deployments/{world.deployment}/events?newest_first=perhaps"
    assert pointers(await api.get(path, headers=world.as_user)) == ["/newest_first"]
