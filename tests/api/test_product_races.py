"""Changes of products that meet others: each waits for the one before it, and then finds what that one made."""

from typing import Any
from uuid import UUID

import httpx

from slipway.database.engine import Database
from slipway.database.queries import deployments, products, templates
from tests.api.conftest import World, pointers, refused
from tests.api.test_catalogue import register
from tests.support.held_up import held_up


async def new_product(api: httpx.AsyncClient, world: World) -> tuple[UUID, UUID]:
    """Make a product with one version; return their ids."""
    product = (await api.post("/products", json={"name": "Fresh"}, headers=world.as_admin)).json()["id"]
    path = f"/products/{product}/templates"
    made = await api.post(path, json={"docker_image_url": "nginx"}, headers=world.as_admin)
    return UUID(product), UUID(made.json()["id"])


async def test_a_product_is_not_deleted_under_a_deployment_that_is_being_made(
    api: httpx.AsyncClient, world: World, database: Database
):
    product, template = await new_product(api, world)
    async with database.writing() as session:
        held = await templates.hold(session, template)
        assert held is not None
        await deployments.add(
            session, user_id=world.mine.user, domain_name="n.example.org", deployment_uid="n", namespace_name="n",
            release_name="n", desired_template_id=held.id, status="provisioning",
        )  # fmt: skip
        deleting = await held_up(database, api.delete(f"/products/{product}", headers=world.as_admin))
    refused(await deleting, 409, "in_use")


async def test_nothing_is_made_of_a_product_that_is_being_deleted(
    api: httpx.AsyncClient, world: World, database: Database
):
    product, template = await new_product(api, world)
    body = {"template_id": str(template), "domain_name": "n.example.org"}
    async with database.writing() as session:
        closed = await products.close(session, product)
        assert closed is not None
        await products.delete(session, closed.id)
        making = await held_up(database, api.post("/deployments", json=body, headers=world.as_user))
    assert pointers(await making) == ["/template_id"]


async def test_a_version_that_is_being_withdrawn_does_not_become_current(
    api: httpx.AsyncClient, world: World, database: Database
):
    second = (await register(api, world, docker_image_url="nginx:2")).json()["id"]
    path = f"/products/{world.mine.product}"
    async with database.writing() as session:
        await products.lock(session, world.mine.product)
        await templates.withdraw(session, second)
        changing = await held_up(database, api.patch(path, json={"template_id": second}, headers=world.as_admin))
    assert pointers(await changing) == ["/template_id"]


async def test_a_version_that_just_became_current_is_none_any_more_when_it_is_withdrawn(
    api: httpx.AsyncClient, world: World, database: Database
):
    second = (await register(api, world, docker_image_url="nginx:2")).json()["id"]
    async with database.writing() as session:
        product = await products.lock(session, world.mine.product)
        assert product is not None
        await products.change(session, product, template_id=second)
        withdrawing = await held_up(database, api.delete(f"/templates/{second}", headers=world.as_admin))
    assert (await withdrawing).status_code == 204
    read = (await api.get(f"/products/{world.mine.product}", headers=world.as_user)).json()
    assert read["template_id"] is None


async def test_of_two_changes_that_read_the_same_product_the_second_is_told_so(
    api: httpx.AsyncClient, world: World, database: Database
):
    path = f"/products/{world.mine.product}"
    read: dict[str, Any] = {**world.as_admin, "If-Match": (await api.get(path, headers=world.as_admin)).headers["etag"]}
    async with database.writing() as session:
        product = await products.lock(session, world.mine.product)
        assert product is not None
        await products.change(session, product, description="of the first")
        second = await held_up(database, api.patch(path, json={"description": "of the second"}, headers=read))
    refused(await second, 412, "stale")
    assert (await api.get(path, headers=world.as_user)).json()["description"] == "of the first"
