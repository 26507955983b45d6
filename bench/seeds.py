"""Users with tokens, a product and deployments, as rows: what a benchmark begins with is not what it measures."""

from uuid import UUID

import msgspec

from slipway.database.engine import Database
from slipway.database.queries import deployments, personal_tokens, products, templates, users
from slipway.identity import new_id
from slipway_api.auth import opaque

SCHEMA = {
    "type": "object",
    "properties": {"user": {"type": "object", "properties": {"env": {"type": "object"}}}},
}


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user, and the token that it sends."""

    user: UUID
    token: str


async def accounts(database: Database, count: int, *, admins: int = 0) -> list[Account]:
    """Add users, the first of them admins, with a personal token each."""
    made: list[Account] = []
    async with database.writing() as session:
        for number in range(count):
            user = await users.add(session, email=f"{new_id()}@example.org", is_admin=number < admins)
            token = opaque.new(opaque.PERSONAL)
            await personal_tokens.add(
                session, user.id, name="bench", token_hash=opaque.hashed(token), read_only=False, expires_at=None
            )
            made.append(Account(user=user.id, token=token))
    return made


async def template(database: Database) -> UUID:
    """Add a product of one image; return its template version. An idle executor's objects are nobody's: none drifts."""
    async with database.writing() as session:
        product_id = await products.add(session, name=f"Product {new_id()}", slug="product")
        product = await products.get(session, product_id)
        assert product is not None  # noqa: S101 - it was added above
        return await templates.add(
            session, product, docker_image_url="registry.example.org/web:1", version_label="1", default_values_json={},
            values_schema_json=SCHEMA, capabilities_json={"drift": {"mode": "ignore"}},
        )  # fmt: skip


async def deployment(database: Database, owner: UUID, version: UUID, *, status: str = "ready") -> UUID:
    """Add a deployment without a job."""
    name = f"bench-{new_id().hex[-20:]}"
    async with database.writing() as session:
        return await deployments.add(
            session, user_id=owner, domain_name=f"{name}.example.org", deployment_uid=name, namespace_name=name,
            release_name=name, desired_template_id=version, status=status,
        )  # fmt: skip
