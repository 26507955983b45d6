"""A change that waits for another one of the same deployment finds what that one left."""

import httpx
import msgspec
import pytest

from slipway.database.engine import Database
from slipway.database.queries import deployments, templates
from tests.api.conftest import World
from tests.api.test_catalogue import register
from tests.support.held_up import held_up


@pytest.mark.parametrize("registered", ["before", "meanwhile"])
async def test_a_change_that_waits_for_an_upgrade_is_accepted(
    api: httpx.AsyncClient, world: World, database: Database, registered: str
):
    path = f"/deployments/{world.deployment}"
    if registered == "before":
        await register(api, world, docker_image_url="nginx:2")
    async with database.writing() as session:
        found = await deployments.lock(session, world.deployment)
        assert found is not None
        changing = await held_up(
            database, api.patch(path, json={"domain_name": "moved.example.org"}, headers=world.as_user)
        )
        if registered == "meanwhile":
            await register(api, world, docker_image_url="nginx:2")
        [newest, _] = await templates.page(session, product=world.mine.product, cursor=None, limit=2)
        upgraded = await deployments.change(session, found, desired_template_id=newest.id)
    changed = await changing
    assert changed.status_code == 202, changed.text
    shown = changed.json()
    assert (shown["domain_name"], shown["desired_template_id"]) == ("moved.example.org", str(newest.id))
    assert shown["template"]["docker_image_url"] == "nginx:2"
    assert upgraded.template.docker_image_url == "nginx:2"
    assert msgspec.json.decode(upgraded.user_values_json) is None
