"""Rows that tests begin with."""

from typing import Any
from uuid import UUID

import msgspec

from slipway.database.engine import Database
from slipway.database.queries import deployments, enqueue, products, templates, users
from slipway.domain.jobs import JobReason


class Seeded(msgspec.Struct, frozen=True, kw_only=True):
    """One user, one product with one template version."""

    user: UUID
    product: UUID
    template: UUID


async def seed(database: Database, *, email: str = "user@example.org") -> Seeded:
    async with database.writing() as session:
        user = await users.add(session, email=email, is_admin=False)
        product_id = await products.add(session, name=f"Product of {email}", slug="product")
        product = await products.get(session, product_id)
        assert product is not None
        template = await templates.add(
            session, product, docker_image_url="nginx:1", default_values_json={}, values_schema_json={}
        )
    return Seeded(user=user.id, product=product_id, template=template)


async def deploy(database: Database, seeded: Seeded, number: int = 1, **fields: Any) -> UUID:
    """Insert a deployment with a queued create job; return the deployment's id."""
    name = f"product-user-{number:06d}"
    async with database.writing() as session:
        deployment = await deployments.add(
            session, user_id=seeded.user, domain_name=f"{name}.example.org", deployment_uid=name, namespace_name=name,
            release_name=name, desired_template_id=seeded.template, status="provisioning", **fields,
        )  # fmt: skip
        await enqueue.enqueue(
            session, deployment=deployment, user=seeded.user, cluster="local", reason=JobReason.CREATE, generation=1
        )
    return deployment
